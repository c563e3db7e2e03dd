/** The steps of a move, one agent at a time. The runbook is docs/transport-migration.md. */
import type { TransportKind } from '../../lib/estimate/transports/index.ts';
import type { Advice } from './advice.ts';

export function stepsOf({ recommended, urgency, toMove }: Advice): readonly string[] {
  if (recommended === null || urgency === 'stay') return [];
  const agent = toMove?.[0]?.agent ?? 'AGENT';
  const from = toMove?.[0]?.from ?? 'postgres';
  return [
    'Read docs/transport-migration.md. Begin with the agent whose mistakes cost least.',
    `Wire ${recommended} beside ${from} in lib/config/agents.ts: ${agent}: { transport: '${from}', next: ['${recommended}'] }. Deploy: the mirror begins to copy, and a shadow listens.`,
    `Wait until the mirror has no backlog: waybill transport status ${agent}`,
    `Compare, and go on when nothing is missing, extra or reordered: waybill transport parity ${agent} --on ${recommended}`,
    `Move it, first with --dry-run: waybill transport move ${agent} --to ${recommended} --why "waybill advise"`,
    `Watch its oldest unprocessed event and its dead letters for a day. If it is worse, go back without loss: waybill transport rollback ${agent} --why "..."`,
    `Write what holds now into lib/config/agents.ts${moreOf(toMove, recommended)}, and run waybill advise again.`,
  ];
}

function moreOf(toMove: Advice['toMove'], recommended: TransportKind): string {
  const others = toMove?.slice(1).map(({ agent }) => agent) ?? [];
  return others.length === 0 ? '' : `, then move the others to ${recommended}: ${others.join(', ')}`;
}
