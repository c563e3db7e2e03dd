/** The live view of a run: a table that is drawn again in place on a terminal, a plain line elsewhere. */
import { styleText } from 'node:util';
import type { Seen } from '../run/systems/system.ts';

export interface ConsumerRow {
  readonly name: string;
  readonly done: number;
  readonly waiting: number;
  readonly inFlight: number;
  readonly retried: number;
  readonly deadLetters: number;
}

export interface LiveSnapshot {
  readonly published: number;
  readonly consumers: readonly ConsumerRow[];
  /** Names of the alarms in ALARM. */
  readonly alarms: readonly string[];
}

export interface LiveView {
  /** Shows the snapshot of this moment. */
  show(snapshot: LiveSnapshot): void;
  /** Writes something that stays, above the table. */
  note(text: string): void;
  /** Leaves the last state on the screen; what is shown later is drawn below it. */
  close(): void;
}

type Output = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>;

/** Milliseconds between two plain lines where there is no terminal. */
const PLAIN_INTERVAL = 5_000;
/** Seconds of history in a row's spark line. */
const HISTORY_LENGTH = 24;
const SPARKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const COLUMNS = ['handled', 'per s', 'queued', 'in flight', 'retries', 'dead'] as const;
const NAME_WIDTH = 29;
/** Columns before each number's own: the table fits a terminal of 80. */
const GAP = 2;

export function liveView(output: Output, now: () => number = Date.now): LiveView {
  return output.isTTY ? tableView(output, now) : lineView(output, now);
}

function tableView(output: Output, now: () => number): LiveView {
  const rates = rateHistory(now);
  let drawn = 0;
  let alarmed = false;
  const startedAt = now();
  return {
    show(snapshot) {
      rates.record(snapshot);
      const width = output.columns ?? 100;
      const lines = table(snapshot, rates, Math.round((now() - startedAt) / 1000), width);
      // Once there was an alarm its line stays, so that the table keeps its height.
      alarmed ||= snapshot.alarms.length > 0;
      if (alarmed) lines.push(alarmLine(snapshot.alarms, width));
      output.write(
        `${drawn > 0 ? `\u001B[${drawn}A` : ''}${lines.map((line) => `\u001B[2K${line}\n`).join('')}`,
      );
      drawn = lines.length;
    },
    note(text) {
      // From the first line of the table on, everything is cleared; the next snapshot is drawn below the note.
      output.write(`${drawn > 0 ? `\u001B[${drawn}A\u001B[J` : ''}${text}\n`);
      drawn = 0;
    },
    close: () => {
      drawn = 0;
    },
  };
}

function table(snapshot: LiveSnapshot, rates: RateHistory, seconds: number, width: number): string[] {
  const head = `${'consumer'.padEnd(NAME_WIDTH)}${COLUMNS.map((column, index) => cell(column, index)).join('')}`;
  const sparks = width >= head.length + HISTORY_LENGTH + 2;
  const rows = snapshot.consumers.map((row) => {
    const rate = rates.of(row.name);
    const cells = [row.done, rate.at(-1) ?? 0, row.waiting, row.inFlight, row.retried].map(cell);
    const dead = cell(row.deadLetters, cells.length);
    return [
      row.name.slice(0, NAME_WIDTH - 1).padEnd(NAME_WIDTH),
      ...cells,
      row.deadLetters > 0 ? styleText('red', dead) : dead,
      sparks ? `  ${styleText('cyan', sparkLine(rate))}` : '',
    ].join('');
  });
  return [
    `${styleText('bold', `published ${snapshot.published}`)}   running ${seconds} s   ${styleText('dim', 'Ctrl-C stops')}`,
    styleText('dim', head),
    ...rows,
  ];
}

/** Right-aligned below the name of its column. */
function cell(value: number | string, column: number): string {
  return String(value).padStart((COLUMNS[column]?.length ?? 0) + GAP);
}

function alarmLine(alarms: readonly string[], width: number): string {
  if (alarms.length === 0) return styleText('dim', 'no alarm is in ALARM');
  return styleText('red', `in ALARM: ${alarms.join(', ')}`.slice(0, width));
}

function lineView(output: Output, now: () => number): LiveView {
  let shownAt = now();
  return {
    show(snapshot) {
      if (now() - shownAt < PLAIN_INTERVAL) return;
      shownAt = now();
      output.write(`${plainLine(snapshot)}\n`);
    },
    note: (text) => void output.write(`${text}\n`),
    close: () => {},
  };
}

function plainLine({ published, consumers, alarms }: LiveSnapshot): string {
  const rows = consumers.map(({ name, done, waiting, inFlight, deadLetters }) => {
    const rest = [
      waiting + inFlight > 0 ? `${waiting + inFlight} waiting` : '',
      deadLetters > 0 ? `${deadLetters} dead` : '',
    ].filter((part) => part !== '');
    return `${name} ${done}${rest.length > 0 ? ` (${rest.join(', ')})` : ''}`;
  });
  const raised = alarms.length > 0 ? ` | in ALARM: ${alarms.join(', ')}` : '';
  return `${[`published ${published}`, ...rows].join(' | ')}${raised}`;
}

/** Of consumers that are not all behind queues: their own counts, beside what only a queue knows. */
export function rowsSeen(seen: Seen, queued: readonly ConsumerRow[]): readonly ConsumerRow[] {
  return seen.consumers.map(({ name, transport, done, waiting, deadLetters }) => {
    const queue = queued.find((row) => row.name === name);
    const inFlight = queue?.inFlight ?? 0;
    return {
      name: `${name} ${transport}`,
      done,
      waiting: Math.max(0, waiting - inFlight),
      inFlight,
      retried: queue?.retried ?? 0,
      deadLetters: deadLetters + (queue?.deadLetters ?? 0),
    };
  });
}

interface RateHistory {
  record(snapshot: LiveSnapshot): void;
  /** Messages handled in each of the last seconds, the newest last. */
  of(name: string): readonly number[];
}

function rateHistory(now: () => number): RateHistory {
  const history = new Map<string, { done: number; rates: number[] }>();
  let recordedAt = now();
  return {
    record({ consumers }) {
      const seconds = (now() - recordedAt) / 1000;
      if (seconds < 1 && history.size > 0) return;
      recordedAt = now();
      for (const { name, done } of consumers) {
        const before = history.get(name) ?? { done, rates: [] };
        const rate = seconds === 0 ? 0 : Math.round((done - before.done) / seconds);
        history.set(name, { done, rates: [...before.rates, rate].slice(-HISTORY_LENGTH) });
      }
    },
    of: (name) => history.get(name)?.rates ?? [],
  };
}

function sparkLine(rates: readonly number[]): string {
  const highest = Math.max(...rates, 1);
  return rates.map((rate) => SPARKS[Math.round((rate / highest) * (SPARKS.length - 1))]).join('');
}
