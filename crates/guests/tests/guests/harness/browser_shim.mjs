// Runs a guest of WASI 0.1 under @bjorn3/browser_wasi_shim, which is how such programs run in a
// browser: node browser_shim.mjs SHIM GUEST [ARGS]... SHIM is the folder that it is installed in.
import { readSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

// What a process that aborts exits with.
const TRAPPED = 134;

const [shim, guest, ...args] = process.argv.slice(2);
const module = "node_modules/@bjorn3/browser_wasi_shim/dist/index.js";
const { ConsoleStdout, Fd, WASI } = await import(pathToFileURL(join(shim, module)));

class Stdin extends Fd {
  fd_read(size) {
    const data = new Uint8Array(size);
    return { ret: 0, data: data.subarray(0, readSync(0, data)) };
  }
}

const output = (fd) => new ConsoleStdout((bytes) => writeSync(fd, bytes));
const env = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
const fds = [new Stdin(), output(1), output(2)];
const wasi = new WASI([basename(guest), ...args], env, fds, { debug: false });
try {
  const module = await WebAssembly.compile(await readFile(guest));
  const imports = { wasi_snapshot_preview1: wasi.wasiImport };
  process.exitCode = wasi.start(await WebAssembly.instantiate(module, imports));
} catch (error) {
  console.error(error);
  process.exitCode = TRAPPED;
}
