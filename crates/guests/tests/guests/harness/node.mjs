// Runs a guest of WASI 0.1 under node:wasi: node node.mjs DIRECTORIES GUEST [ARGS]...
// The directories are an object in JSON: the guest's names, and those of this machine.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { WASI } from "node:wasi";

// What a process that aborts exits with.
const TRAPPED = 134;

const [directories, guest, ...args] = process.argv.slice(2);
const wasi = new WASI({
  version: "preview1",
  args: [basename(guest), ...args],
  env: process.env,
  preopens: JSON.parse(directories),
  returnOnExit: true,
});
try {
  const module = await WebAssembly.compile(await readFile(guest));
  const imports = { wasi_snapshot_preview1: wasi.wasiImport };
  const instance = await WebAssembly.instantiate(module, imports);
  process.exitCode = wasi.start(instance);
} catch (error) {
  console.error(error);
  process.exitCode = TRAPPED;
}
