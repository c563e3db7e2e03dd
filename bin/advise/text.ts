/** The advice for people: figures, thresholds, recommendation, costs, steps. */
import type { AdviceReport } from './report.ts';
import type { Strain } from './advice.ts';
import type { ThresholdResult } from './thresholds.ts';

const NAMES = { postgres: 'PostgreSQL', redis: 'Redis Streams', 'sns-sqs': 'SNS/SQS' } as const;
const NOT_MEASURED = 'not measured';

export function adviceText(report: AdviceReport): string {
  return [
    `Advice for ${report.environment}, from ${report.measured.source} at ${report.measured.measuredAt}`,
    '',
    'Measured',
    ...table(figuresOf(report)),
    '',
    'Thresholds',
    ...table(report.thresholds.map(thresholdRow)),
    '',
    'Strain',
    ...table(report.strain.map(strainRow)),
    '',
    ...recommendationOf(report),
    '',
    ...costsOf(report),
    ...(report.steps.length === 0
      ? []
      : ['', 'Steps', ...report.steps.map((step, index) => `  ${index + 1}. ${step}`)]),
    ...notMeasuredOf(report),
    '',
  ].join('\n');
}

type Row = readonly string[];

function figuresOf({ measured }: AdviceReport): readonly Row[] {
  const latency = (one: AdviceReport['measured']['publishLatency']): string =>
    one === null ? NOT_MEASURED : `${number(one.p50)} / ${number(one.p99)} ms`;
  const hours =
    measured.countedHours === null ? 'hours not told' : `${number(measured.countedHours)} h counted`;
  return [
    ['events in the last 24 hours', figure(measured.eventsLastDay), hours],
    ['events a second, now', figure(measured.eventsPerSecond)],
    ['events in the busiest second', figure(measured.busiestSecond)],
    ['bytes of an event', figure(measured.averageBytes)],
    ['handled a second, all agents', figure(measured.handledPerSecond)],
    ['occurrence to append, p50 / p99', latency(measured.publishLatency)],
    ['append to handling, p50 / p99', latency(measured.processingLatency)],
    ['attempts that fail', percent(measured.errorRate)],
    ['dead letters', figure(measured.deadLetters)],
    ['oldest unprocessed event', figure(measured.oldestUnprocessedSeconds, ' s')],
    ['agents', figure(measured.agents)],
    ['connections', figure(measured.connections), `of ${figure(measured.maxConnections)}`],
    ['connections busy at a time', figure(measured.busyConnections)],
  ];
}

function thresholdRow(threshold: ThresholdResult): Row {
  const { name, what, state, speaksFor, note } = threshold;
  return [
    state,
    name,
    `${what}: ${valueOf(threshold)}`,
    [speaksFor === 'any' ? '' : `for ${NAMES[speaksFor]}`, note ?? ''].filter(Boolean).join('; '),
  ];
}

function valueOf({ measured, limit }: ThresholdResult): string {
  const value =
    measured === null
      ? '-'
      : typeof measured === 'boolean'
        ? measured
          ? 'needed'
          : 'not needed'
        : number(measured);
  return limit === null ? value : `${value}, limit ${number(limit)}`;
}

function strainRow({ what, measured, limit, isStrained }: Strain): Row {
  const state = isStrained === null ? NOT_MEASURED : isStrained ? 'strained' : 'fine';
  return [state, `${what}: ${measured === null ? '-' : number(measured)}, limit ${number(limit)}`];
}

function recommendationOf(report: AdviceReport): string[] {
  const { recommended, urgency, reasons, warnings, open, toMove, thresholds, measured } = report;
  if (recommended === null) {
    return ['Recommendation: none, because too little is measured', ...open.map((one) => `  open: ${one}`)];
  }
  const name = NAMES[recommended];
  const isAllThere =
    measured.liveOn?.every(({ transport }) => transport === recommended) ?? recommended === 'postgres';
  const headline = {
    stay: isAllThere ? `stay on ${name}` : `stay as it is; ${name} would do`,
    plan: `plan the move to ${name}: a limit is passed, and nothing is strained yet`,
    now: `move to ${name} now`,
  }[urgency];
  const passed = thresholds.filter((threshold) => reasons.includes(threshold.name));
  return [
    `Recommendation: ${headline}`,
    ...(passed.length === 0
      ? ['  because no threshold is passed']
      : passed.map((one) => `  because of ${one.name}: ${valueOf(one)}`)),
    ...(toMove === null && urgency !== 'stay' ? ['  which agents are there already is not known'] : []),
    ...(urgency === 'stay' ? [] : (toMove ?? []).map(({ agent, from }) => `  ${agent} is on ${NAMES[from]}`)),
    ...warnings.map((one) => `  note: ${one}`),
    ...open.map((one) => `  could change it, ${one}`),
  ];
}

function costsOf({ costs }: AdviceReport): string[] {
  if (costs.load === null) return [`Cost a month: not measured, because ${costs.why ?? ''}`];
  const { eventsPerSecond, deliveriesPerSecond } = costs.load;
  const of = `${number(eventsPerSecond)} events and ${number(deliveriesPerSecond)} deliveries a second, average of the day`;
  return [
    `Cost a month in US dollars (${costs.note}): ${of}${costs.isUpperBound ? '; deliveries not measured, at most' : ''}`,
    ...table(
      costs.transports.map(({ transport, total, lines, unpriced }) => {
        const mostly = lines
          .toSorted((a, b) => b.usd - a.usd)
          .slice(0, 3)
          .map(({ item, usd }) => `${item} ${dollars(usd)}`);
        return [
          NAMES[transport],
          total === null ? 'no price' : dollars(total),
          (unpriced.length === 0 ? mostly : unpriced).join(', '),
        ];
      }),
    ),
  ];
}

function notMeasuredOf({ measured }: AdviceReport): string[] {
  const { notMeasured } = measured;
  return notMeasured.length === 0
    ? []
    : ['', 'Not measured', ...table(notMeasured.map(({ what, why }) => [what, why]))];
}

function table(rows: readonly Row[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  return rows.map((row) => `  ${row.map((cell, index) => cell.padEnd(widths[index]!)).join('  ')}`.trimEnd());
}

function figure(value: number | null, unit = ''): string {
  return value === null ? NOT_MEASURED : `${number(value)}${unit}`;
}

/** Three digits where it is small: a load of 0.004 a second is no zero. */
function number(value: number): string {
  return Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en-GB')
    : String(Number(value.toPrecision(3)));
}

function percent(value: number | null): string {
  return value === null ? NOT_MEASURED : `${number(value * 100)} %`;
}

function dollars(value: number): string {
  return value.toLocaleString('en-GB', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
