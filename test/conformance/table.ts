/** The results of conformance runs as text: for the terminal, and for the documentation. */
import type { Result } from './results.ts';

/** One line a behaviour, failures with their reason. */
export function plainTable(results: readonly Result[]): string {
  const width = Math.max(...results.map(({ behaviour }) => behaviour.length), 0);
  return results
    .map(({ service, behaviour, source, outcome, reason }) => {
      const line = `${service.padEnd(7)} ${outcome.padEnd(7)} ${behaviour.padEnd(width)}  ${source}`;
      return reason === undefined ? line : `${line}\n${' '.repeat(16)}${reason}`;
    })
    .join('\n');
}

/** `sqs: 140 passed, 3 failed, 2 not run`, a line a service. */
export function summary(results: readonly Result[]): string {
  const services = [...new Set(results.map(({ service }) => service))];
  return services
    .map((service) => {
      const count = (outcome: Result['outcome']) =>
        results.filter((result) => result.service === service && result.outcome === outcome).length;
      return `${service}: ${count('passed')} passed, ${count('failed')} failed, ${count('not run')} not run`;
    })
    .join('\n');
}
