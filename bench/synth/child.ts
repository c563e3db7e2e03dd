/** One measurement in a process of its own: constructs and synthesizes one application, prints the figures as JSON. */
import { readFileSync, rmSync } from 'node:fs';
import { createApp } from './applications.ts';
import type { Kind } from './applications.ts';

const kind: Kind = process.argv[2] === 'plain' ? 'plain' : 'ours';
const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };

const began = performance.now();
const cpu = process.cpuUsage();
const app = createApp(kind, context);
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
    megabytes: process.memoryUsage().rss / 2 ** 20,
    counts,
  }),
);
