// Runs a guest that jco_transpile.mjs has made JavaScript of: node jco_run.mjs MODULE [ARGS]...
import { basename } from "node:path";
import { pathToFileURL } from "node:url";

const [module, ...args] = process.argv.slice(2);
process.argv.splice(1, Infinity, basename(module, ".js"), ...args);
const { run } = await import(pathToFileURL(module));
try {
  await run.run();
  // What was printed goes out first.
  await new Promise((resolve) => setTimeout(resolve));
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(1);
}
