// Runs a guest that jco_transpile.mjs has made JavaScript of: node jco_run.mjs MODULE [ARGS]...
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

const SHIM_03 = "@bytecodealliance/preview3-shim";

const [module, ...args] = process.argv.slice(2);
process.argv.splice(1, Infinity, basename(module, ".js"), ...args);
const has03 = (await readFile(module, "utf8")).includes(`'${SHIM_03}/`);
const printing = has03 ? await outputsOf03() : [];
const guest = await import(pathToFileURL(module));
try {
  const { run } = guest["wasi:cli/run@0.3.0"] ?? guest.run;
  await run();
  // What was printed goes out first.
  await Promise.all(printing);
  await new Promise((resolve) => setTimeout(resolve));
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(1);
}

// What WASI 0.3 is given to print goes through a worker. Returns the promises that it is all out,
// which the shim adds for each stream.
async function outputsOf03() {
  const path = join(module, "../../node_modules", SHIM_03, "dist/nodejs/cli.js");
  const { stdout, stderr } = await import(pathToFileURL(path));
  const printing = [];
  for (const output of [stdout, stderr]) {
    const write = output.writeViaStream;
    output.writeViaStream = (stream) => {
      const printed = write(stream);
      printing.push(printed);
      return printed;
    };
  }
  return printing;
}
