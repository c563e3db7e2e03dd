/** A container's health check: a command that is run beside it, in its environment. */
import { execFile } from 'node:child_process';
import { dirname, delimiter } from 'node:path';

import type { HealthCheck, HealthStatus } from './model.ts';

/** Docker waits a whole interval before the first check; here, until it has once succeeded, it is asked each second. */
const FIRST_CHECKS_MILLISECONDS = 1_000;

export interface HealthWatch {
  stop(): void;
}

/** Tells each change of the health, beginning from UNKNOWN. */
export function watchHealth(
  check: HealthCheck,
  place: { readonly directory: string; readonly environment: Readonly<Record<string, string>> },
  onChange: (health: HealthStatus) => void,
): HealthWatch {
  const startedAt = Date.now();
  let health: HealthStatus = 'UNKNOWN';
  let failures = 0;
  let firstFailureAt: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const become = (next: HealthStatus): void => {
    if (stopped || next === health) return;
    health = next;
    onChange(next);
  };
  const once = async (): Promise<void> => {
    const healthy = await run(check, place);
    if (healthy) {
      failures = 0;
      firstFailureAt = undefined;
      become('HEALTHY');
    } else if (Date.now() - startedAt >= check.startPeriodSeconds * 1000) {
      firstFailureAt ??= Date.now();
      failures += 1;
      // What is asked more often than ordered has its whole time all the same.
      const due = firstFailureAt + (check.retries - 1) * check.intervalSeconds * 1000;
      if (failures >= check.retries && Date.now() >= due) become('UNHEALTHY');
    }
    if (!stopped) next();
  };
  const next = (): void => {
    const wait = health === 'HEALTHY' ? check.intervalSeconds * 1000 : FIRST_CHECKS_MILLISECONDS;
    timer = setTimeout(() => void once(), wait);
  };
  void once();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

function run(
  { command: [kind, ...words], timeoutSeconds }: HealthCheck,
  {
    directory,
    environment,
  }: { readonly directory: string; readonly environment: Readonly<Record<string, string>> },
): Promise<boolean> {
  const [program = '', ...parameters] = kind === 'CMD-SHELL' ? ['/bin/sh', '-c', words.join(' ')] : words;
  return new Promise((resolve) => {
    const options = { cwd: directory, env: { ...environment }, timeout: timeoutSeconds * 1000 };
    execFile(program, parameters, options, (error) => resolve(error === null));
  });
}

/** With the Node that runs here as the first one that is found: an image has its own. */
export function pathWithNode(): string {
  return [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);
}
