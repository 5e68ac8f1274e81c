// Makes JavaScript of guests of WASI 0.2 and 0.3, for jco_run.mjs: node jco_transpile.mjs JCO OUT
// GUEST... JCO is the folder that jco is installed in. Each guest gets a folder in OUT; one that is
// there, made of the same guest by the same jco, is left as it is.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

const [jco, out, ...guests] = process.argv.slice(2);
const pins = await readFile(join(jco, ".pins"));
const modules = join(jco, "node_modules");
let transpile;

await mkdir(out, { recursive: true });
await writeFile(join(out, "package.json"), '{ "type": "module" }');
// Where the JavaScript of the guests finds the shims.
await rm(join(out, "node_modules"), { force: true });
await symlink(modules, join(out, "node_modules"));
for (const guest of guests) {
  const name = basename(guest, ".wasm");
  const component = await readFile(guest);
  const hash = createHash("sha256").update(pins).update(component).digest("hex");
  const stamp = join(out, name, "made_of");
  const made = await readFile(stamp, "utf8").catch(() => "");
  if (made === hash) continue;
  // It takes longer than the check above.
  transpile ??= (await import(pathToFileURL(join(modules, "@bytecodealliance/jco/dist/api.js"))))
    .transpile;
  const { files } = await transpile(component, { name, emitTypescriptDeclarations: false });
  await mkdir(join(out, name), { recursive: true });
  for (const [file, content] of Object.entries(files)) {
    await writeFile(join(out, name, file), content);
  }
  await writeFile(stamp, hash);
}
