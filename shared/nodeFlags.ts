/**
 * Flags of every Node process with threads of its own: where the processor has keys for memory, V8 loses count of the code of threads
 * that come and go, and ends the process (nodejs/node#64500).
 */
export const nodeFlags: readonly string[] = ['--no-memory-protection-keys'];
