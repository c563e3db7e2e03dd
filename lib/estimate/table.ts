/** Estimates as plain text: the short table of a synth, the full one of `waybill cost`, and a comparison. */
import type { Comparison, CostChange } from './compare.ts';
import { sumOf } from './estimate.ts';
import type { Cost, Estimate, NamedCost } from './estimate.ts';

/** No line is longer, so that it fits a terminal and a CI log. */
const WIDTH = 100;
const AMOUNT_WIDTH = 11;

/** A line per system and the total: what synth prints. */
export function shortTable(estimate: Estimate): string {
  return lines([
    `Cost a month in US dollars, ${placeOf(estimate)}, load ${loadOf(estimate)}`,
    ...costRows('system', estimate.systems, estimate.total),
  ]);
}

/** Systems, services, owners, stacks and their room, capacity, and what was assumed. */
export function fullTable(estimate: Estimate): string {
  const { systems, services, owners, stacks, verdicts, unpriced, assumptions, prices } = estimate;
  return lines([
    `Cost a month in US dollars, ${placeOf(estimate)}, load ${loadOf(estimate)}`,
    '',
    ...costRows('system', systems, estimate.total),
    '',
    ...costRows('service', services.map(withoutServices), estimate.total),
    '',
    ...costRows('consumer or service', owners, estimate.total),
    '',
    ...rows(
      ['stack', 'resources', 'consumers', 'more fit'],
      stacks.map(({ stack, resources, limit, consumers, moreConsumers }) => [
        stack,
        `${resources} of ${limit}`,
        String(consumers),
        moreConsumers === undefined ? '' : String(moreConsumers),
      ]),
    ),
    '',
    verdicts.length === 0 ? 'Capacity: nothing to say.' : `Capacity: ${verdicts.length} to look at`,
    ...verdicts.flatMap((verdict) => [
      `  ${verdict.severity} ${verdict.id} ${verdict.constructPath}: ${verdict.received}; allowed ${verdict.allowed}`,
      `      ${verdict.fix} (${verdict.code})`,
    ]),
    ...(estimate.quotaRequests.length === 0
      ? []
      : [
          '',
          'Quotas to ask AWS for:',
          ...rows(
            ['quota', 'Region', 'now', 'needed'],
            estimate.quotaRequests.map(({ quota, region, now, needed }) => [
              quota,
              region ?? '',
              now.toLocaleString('en-GB'),
              needed.toLocaleString('en-GB'),
            ]),
          ),
        ]),
    '',
    `Prices of ${prices.oldest} to ${prices.newest}, ${prices.fromMemory} from memory${prices.note === undefined ? '' : ` (${prices.note})`}; no free tier, no volume discount, no tax.`,
    `Assumed: ${assumptions.messageMilliseconds} ms a message, ${assumptions.requestMilliseconds} ms a request, ${assumptions.logBytesPerInvocation} bytes of logs an invocation; --json has all.`,
    unpriced.length === 0 ? '' : `Not priced: ${unpriced.join(', ')}`,
  ]);
}

/** What changed, and the totals. */
export function comparisonTable(
  comparison: Comparison,
  names: { readonly before: string; readonly after: string },
): string {
  const { before, after, difference, changes } = comparison;
  return lines([
    `Cost a month in US dollars: ${names.after} against ${names.before}`,
    ...rows(['', 'idle', 'load', 'what'], changeRows(changes)),
    ...(changes.length === 0 ? ['Nothing changes.'] : []),
    '',
    ...rows(
      ['', 'idle', 'load'],
      [
        ['before', dollars(before.idle), dollars(before.load)],
        ['after', dollars(after.idle), dollars(after.load)],
        ['difference', signed(difference.idle), signed(difference.load)],
      ],
    ),
  ]);
}

/** A row for all alike: five new alarms of one consumer are one row. The JSON has each. */
function changeRows(changes: readonly CostChange[]): readonly (readonly string[])[] {
  const alike = Map.groupBy(changes, (change) =>
    [kindOf(change), change.owner, change.service, change.item].join('\n'),
  );
  return [...alike.values()]
    .map((group) => ({ group, ...sumOf(group.map(({ difference }) => difference)) }))
    .sort((a, b) => Math.abs(b.load) - Math.abs(a.load))
    .map(({ group, idle, load }) => {
      const { owner, service, item, constructPath } = group[0]!;
      const of = group.length === 1 ? constructPath : `${owner ?? 'shared'} (${group.length})`;
      return [kindOf(group[0]!), signed(idle), signed(load), `${service} ${item}, ${of}`];
    });
}

function kindOf({ before, after }: CostChange): string {
  if (before === undefined) return 'new';
  return after === undefined ? 'gone' : 'changed';
}

function placeOf({ environment, region, prices }: Estimate): string {
  const priced =
    region === undefined || region === prices.region
      ? prices.region
      : `${region} at prices of ${prices.region}`;
  const place = region === undefined ? `${priced} assumed` : priced;
  return environment === '' ? place : `${environment}, ${place}`;
}

/** `20 % of peak`; with the environment's part of the declared peak where it has not all of it. */
function loadOf({ assumptions: { averageShare, peakShare } }: Estimate): string {
  const average = `${percentage(averageShare)} of peak`;
  return peakShare === 1 ? average : `${average}, peak ${percentage(peakShare)} of declared`;
}

function percentage(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

function costRows(heading: string, named: readonly NamedCost[], total: Cost): string[] {
  return rows(
    [heading, 'idle', 'load', 'mostly'],
    [
      ...named.map((each) => [each.name, dollars(each.idle), dollars(each.load), mostly(each)]),
      ['total', dollars(total.idle), dollars(total.load), ''],
    ],
  );
}

/** The services that make up most of it, as many as there are, at most three. */
function mostly({ services }: NamedCost): string {
  return services
    .filter(({ load }) => load >= 0.005)
    .slice(0, 3)
    .map(({ service, load }) => `${service} ${dollars(load)}`)
    .join(', ');
}

function withoutServices(named: NamedCost): NamedCost {
  return { ...named, services: [] };
}

/** Columns of amounts are aligned to the right, the first and the last to the left. */
function rows(headings: readonly string[], cells: readonly (readonly string[])[]): string[] {
  if (cells.length === 0) return [];
  const all = [headings, ...cells];
  const nameWidth = Math.max(...all.map((row) => row[0]!.length));
  return all.map((row) =>
    `  ${row
      .map((cell, index) => {
        if (index === 0) return cell.padEnd(nameWidth);
        return index < 3 || row.length > 4 || isCount(headings[index]!)
          ? cell.padStart(AMOUNT_WIDTH)
          : `  ${cell}`;
      })
      .join('')}`.trimEnd(),
  );
}

function isCount(heading: string): boolean {
  return heading === 'more fit';
}

function dollars(amount: number): string {
  return amount.toLocaleString('en-GB', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

function signed(amount: number): string {
  const text = dollars(Math.abs(amount));
  return Math.abs(amount) < 0.005 ? '0.00' : `${amount > 0 ? '+' : '-'}${text}`;
}

function lines(texts: readonly string[]): string {
  return `${texts.map((text) => wrapped(text)).join('\n')}\n`;
}

/** Breaks at spaces; what is continued is indented under its own beginning. */
function wrapped(text: string): string {
  if (text.length <= WIDTH) return text;
  const indent = `${/^ */.exec(text)![0]}    `;
  const at = text.lastIndexOf(' ', WIDTH);
  if (at <= indent.length) return text;
  return `${text.slice(0, at)}\n${wrapped(`${indent}${text.slice(at + 1)}`)}`;
}
