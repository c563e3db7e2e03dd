/** One measurement in a process of its own: constructs and synthesizes one application, prints the figures as JSON. */
import { readFileSync, rmSync } from 'node:fs';
import { createApp } from './applications.ts';
import type { Kind } from './applications.ts';

const [, , kindText, services, consumers] = process.argv;
const kind: Kind = kindText === 'plain' ? 'plain' : 'ours';
const size = { services: Number(services), consumers: Number(consumers) };
const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };

const began = performance.now();
const cpu = process.cpuUsage();
const app = createApp(kind, size, context);
const constructed = performance.now();
const assembly = app.synth();
const used = process.cpuUsage(cpu);
const milliseconds = performance.now() - began;

const counts: Record<string, number> = {};
for (const { template } of assembly.stacks) {
  const { Resources } = template as { Resources: Record<string, { Type: string }> };
  for (const { Type } of Object.values(Resources)) counts[Type] = (counts[Type] ?? 0) + 1;
}
rmSync(assembly.directory, { recursive: true, force: true });
process.stdout.write(
  JSON.stringify({
    milliseconds,
    constructMilliseconds: constructed - began,
    cpuMilliseconds: (used.user + used.system) / 1000,
    // The most at any moment; the system gives it in kilobytes.
    megabytes: process.resourceUsage().maxRSS / 2 ** 10,
    counts,
  }),
);
