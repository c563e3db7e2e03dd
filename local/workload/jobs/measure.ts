/** What a jobs run left in its table: each job's row, and the counts of running jobs. */

/** A call to DynamoDB; the local run gives the embedded one. */
export type ScanTable = (after: unknown) => Promise<{
  readonly Items?: readonly Readonly<Record<string, Readonly<Record<string, unknown>>>>[];
  readonly LastEvaluatedKey?: unknown;
}>;

export interface JobRow {
  readonly tenantId: string;
  readonly jobId: string;
  readonly status: string;
  readonly attempt: number;
  readonly failures: number;
  readonly duplicates: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly leaseUntil: number | undefined;
  readonly endedAt: number | undefined;
  readonly errorCode: string | undefined;
  readonly hasResult: boolean;
  /** It is in the index of jobs that have not ended. */
  readonly open: boolean;
}

export interface JobsMeasure {
  readonly rows: readonly JobRow[];
  /** By tenant: what the count of running jobs says. */
  readonly running: Readonly<Record<string, number>>;
}

export async function measureJobs(scan: ScanTable): Promise<JobsMeasure> {
  const rows: JobRow[] = [];
  const running: Record<string, number> = {};
  let after: unknown;
  do {
    const { Items = [], LastEvaluatedKey } = await scan(after);
    for (const item of Items) {
      const tenantId = text(item['pk']).slice('TENANT#'.length);
      const sk = text(item['sk']);
      if (sk === 'RUNNING') running[tenantId] = count(item['running']);
      if (sk.startsWith('JOB#')) rows.push(rowOf(tenantId, sk.slice('JOB#'.length), item));
    }
    after = LastEvaluatedKey;
  } while (after !== undefined);
  return { rows, running };
}

type Value = Readonly<Record<string, unknown>> | undefined;

function rowOf(tenantId: string, jobId: string, item: Readonly<Record<string, Value>>): JobRow {
  const time = (name: string): number | undefined =>
    item[name] === undefined ? undefined : Date.parse(text(item[name]));
  const error = item['error'] === undefined ? {} : (JSON.parse(text(item['error'])) as { code?: string });
  return {
    tenantId,
    jobId,
    status: text(item['status']),
    attempt: count(item['attempt']),
    failures: count(item['failures']),
    duplicates: count(item['duplicates']),
    createdAt: time('createdAt') ?? 0,
    leaseUntil: time('leaseUntil'),
    endedAt: time('endedAt'),
    errorCode: error.code,
    hasResult: item['result'] !== undefined || item['resultClaim'] !== undefined,
    open: item['openShard'] !== undefined,
  };
}

function text(value: Value): string {
  const found = value?.['S'];
  return typeof found === 'string' ? found : '';
}

function count(value: Value): number {
  return Number(value?.['N'] ?? 0);
}
