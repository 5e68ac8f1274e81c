// Runs a guest that jco_transpile.mjs has made JavaScript of: node jco_run.mjs MODULE [ARGS]...
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

const SHIM_03 = "@bytecodealliance/preview3-shim";
const PATIENCE_MS = 1_000;

const [module, ...args] = process.argv.slice(2);
process.argv.splice(1, Infinity, basename(module, ".js"), ...args);
const has03 = (await readFile(module, "utf8")).includes(`'${SHIM_03}/`);
const { printing, sending } = has03 ? await outputsOf03() : { printing: [], sending: [] };
const guest = await import(pathToFileURL(module));
try {
  const { run } = guest["wasi:cli/run@0.3.0"] ?? guest.run;
  await run();
  // What was printed goes out first, and what was sent, unless a peer does not read it.
  await Promise.all(printing);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  await Promise.race([Promise.allSettled(sending), late]);
  await new Promise((resolve) => setTimeout(resolve));
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(1);
}

// What WASI 0.3 is given to print or to send goes through a worker. Returns the promises that it is
// all out, which the shim adds for each stream.
async function outputsOf03() {
  const shim = join(module, "../../node_modules", SHIM_03, "dist/nodejs");
  const load = (file) => import(pathToFileURL(join(shim, file)));
  const [printing, sending] = [[], []];
  const note = (promises, owner, method) => {
    const send = owner[method];
    owner[method] = function (stream) {
      const sent = send.call(this, stream);
      promises.push(sent);
      return sent;
    };
  };
  const { stdout, stderr } = await load("cli.js");
  const { TcpSocket } = await load("sockets/tcp.js");
  note(printing, stdout, "writeViaStream");
  note(printing, stderr, "writeViaStream");
  note(sending, TcpSocket.prototype, "send");
  return { printing, sending };
}
