import { runCommand } from './program.ts';

// Workers and sockets of a failed command must not keep it; what was written to a pipe is waited for.
const status = await runCommand(process.argv.slice(2));
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))));
process.exit(status);
