/**
 * Widgets of a CloudWatch dashboard as data, and their places on it. "Dashboard body structure and syntax",
 * AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */

/** Columns of a dashboard. Same page. */
export const DASHBOARD_WIDTH = 24;
/** Alarms of one status widget. Same page. */
const ALARMS_PER_WIDGET = 100;
/** Series that one graph can show and somebody can still tell apart; AWS's own limit is 500. */
const SERIES_PER_GRAPH = 100;

export interface Series {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** For example `Sum`, `Maximum`, `p90`. */
  readonly stat: string;
  readonly label: string;
  /**
   * On the right axis, for what has another unit.
   * @default false
   */
  readonly right?: boolean;
}

export interface Widget {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  readonly type: 'metric' | 'alarm' | 'text';
  readonly properties: (region: string) => Readonly<Record<string, unknown>>;
}

export interface Graph {
  readonly title: string;
  readonly series: readonly Series[];
  readonly width: number;
  readonly height: number;
  /**
   * A line that the values should stay below.
   * @default - none
   */
  readonly limit?: { readonly label: string; readonly value: number } | undefined;
}

/** One graph, or several one below the other where there is too much for one. None where there is nothing to show. */
export function graphs({ title, series, width, height, limit }: Graph): Widget[] {
  return chunks(series, SERIES_PER_GRAPH).map((part, index) => ({
    width,
    height,
    type: 'metric',
    properties: (region) => ({
      title: index === 0 ? title : `${title} (${index + 1})`,
      region,
      period: 60,
      stat: 'Sum',
      metrics: shortened(part),
      yAxis: { left: { min: 0 } },
      ...(limit === undefined ? {} : { annotations: { horizontal: [{ ...limit, fill: 'above' }] } }),
    }),
  }));
}

export function text(markdown: string, height = 1): Widget {
  return {
    width: DASHBOARD_WIDTH,
    height,
    type: 'text',
    properties: () => ({ markdown, background: 'transparent' }),
  };
}

/** Those of the alarms that are not OK: an empty box is a good box. A relay that is silent has insufficient data. */
export function alarmStatus(title: string, alarmArns: readonly string[]): Widget[] {
  return chunks(alarmArns, ALARMS_PER_WIDGET).map((alarms, index) => ({
    width: DASHBOARD_WIDTH / 2,
    height: 4,
    type: 'alarm',
    properties: () => ({
      title: index === 0 ? title : `${title} (${index + 1})`,
      alarms,
      states: ['ALARM', 'INSUFFICIENT_DATA'],
      sortBy: 'stateUpdatedTimestamp',
    }),
  }));
}

export interface PlacedWidget {
  readonly type: Widget['type'];
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Puts each row below the one before; a row that is too wide goes on in the next. */
export function place(rows: readonly (readonly Widget[])[], region: string): readonly PlacedWidget[] {
  const placed: PlacedWidget[] = [];
  let bottom = 0;
  for (const row of rows) {
    let [x, y] = [0, bottom];
    for (const { width, height, type, properties } of row) {
      if (x + width > DASHBOARD_WIDTH) [x, y] = [0, bottom];
      placed.push({ type, x, y, width, height, properties: properties(region) });
      x += width;
      bottom = Math.max(bottom, y + height);
    }
  }
  return placed;
}

/** What repeats the row before is a dot, which is CloudWatch's own shorthand. It halves a large dashboard. */
function shortened(series: readonly Series[]): readonly unknown[] {
  let previous: readonly string[] = [];
  return series.map(({ namespace, metric, dimensions, stat, label, right }) => {
    const cells = [namespace, metric, ...Object.entries(dimensions).flat()];
    const short = cells.map((cell, index) =>
      cells.length === previous.length && cell === previous[index] ? '.' : cell,
    );
    previous = cells;
    return [
      ...short,
      { label, ...(stat === 'Sum' ? {} : { stat }), ...(right === true ? { yAxis: 'right' } : {}) },
    ];
  });
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
