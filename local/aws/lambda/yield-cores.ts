/** Gives way to other threads that want a core. */
import { constants, getPriority, platform, setPriority } from 'node:os';

/**
 * From now on this thread alone runs with less priority, as `nice` says it. In AWS no function takes a core from the
 * services that feed it, or from a function that waits with pollers of its own. Here all are threads of one process, and
 * each message would wake one that pushes its sender off the core.
 *
 * Does nothing but on Linux: elsewhere it would be the priority of the whole process.
 */
export function yieldCores(niceness: number): void {
  if (platform() !== 'linux' || niceness === 0) return;
  try {
    // 0 is this thread; the process itself may run with less than the usual priority.
    setPriority(0, Math.min(constants.priority.PRIORITY_LOW, getPriority(0) + niceness));
  } catch {
    // Not allowed here: everything runs as before.
  }
}
