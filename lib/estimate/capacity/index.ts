/** All capacity and quota checks over one assembly: every verdict, the gravest first. */
import type { EstimateContext } from '../context.ts';
import type { Verdict, VerdictSeverity } from '../verdict.ts';
import { consumerVerdicts } from './consumers.ts';
import { databaseVerdicts } from './database.ts';
import { fifoVerdicts } from './fifo.ts';
import { policyVerdicts } from './policies.ts';
import { stackVerdicts } from './stacks.ts';
import { streamVerdicts } from './streams.ts';
import { throughputVerdicts } from './throughput.ts';
import { webSocketVerdicts } from './web-socket.ts';

const CHECKS = [
  throughputVerdicts,
  consumerVerdicts,
  fifoVerdicts,
  policyVerdicts,
  stackVerdicts,
  databaseVerdicts,
  streamVerdicts,
  webSocketVerdicts,
];
const GRAVITY: Readonly<Record<VerdictSeverity, number>> = { error: 0, warning: 1, info: 2 };

export function capacityOf(context: EstimateContext): readonly Verdict[] {
  return CHECKS.flatMap((check) => check(context)).sort((a, b) => GRAVITY[a.severity] - GRAVITY[b.severity]);
}
