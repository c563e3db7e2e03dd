/** A child process of the load test, with its share of the clients: so many sockets are more than one process should hold. */
import { issueTicket } from '../../../lambda/push/ticket.ts';
import { createLoadClient } from './load-client.ts';
import type { LoadClient, LoadClientState } from './load-client.ts';

export interface LoadProcessStart {
  readonly type: 'start';
  readonly url: string;
  readonly ticketSecret: string;
  /** The user of each client. */
  readonly clients: readonly { readonly user: number; readonly tenantId: string; readonly userId: string }[];
  /** Clients that connect at a time. */
  readonly connecting: number;
}

export type LoadCommand = LoadProcessStart | { readonly type: 'cut' | 'report' | 'end' };

export interface LoadProcessReport {
  readonly clients: readonly LoadClientState[];
  /** Milliseconds from publishing to receiving, of each notification since the last report. */
  readonly latencies: readonly number[];
  /** Of these, how many a client had to ask for. */
  readonly missed: number;
  readonly residentBytes: number;
}

/** Milliseconds: longer than the load test takes. */
const SESSION = 6 * 3_600_000;

const clients: LoadClient[] = [];
let latencies: number[] = [];
let missedOnes = 0;

process.on('message', (command: LoadCommand) => {
  if (command.type === 'start') start(command);
  else if (command.type === 'cut') for (const client of clients) client.cut();
  else if (command.type === 'report') report();
  else {
    for (const client of clients) client.end();
    process.disconnect();
    process.exit(0);
  }
});
// Without its parent it has nobody to tell.
process.on('disconnect', () => process.exit(0));

function start({ url, ticketSecret, clients: given, connecting }: LoadProcessStart): void {
  const turn = turns(connecting);
  for (const { user, tenantId, userId } of given) {
    const client = createLoadClient({
      user,
      name: userId,
      ticket: () => {
        const sessionExpiresAt = Math.floor((Date.now() + SESSION) / 1000);
        const { token } = issueTicket(ticketSecret, { tenantId, userId, sessionExpiresAt }, Date.now());
        return { ticket: token, url };
      },
      turn,
      onNotification: (latency, missed) => {
        latencies.push(latency);
        if (missed) missedOnes += 1;
      },
    });
    clients.push(client);
    client.connect();
  }
}

function report(): void {
  const { rss } = process.memoryUsage();
  const message: LoadProcessReport = {
    clients: clients.map((client) => client.state()),
    latencies,
    missed: missedOnes,
    residentBytes: rss,
  };
  latencies = [];
  missedOnes = 0;
  process.send?.(message);
}

/** So many have a turn at a time, the others wait in line. */
function turns(most: number): () => Promise<() => void> {
  let free = most;
  const waiting: (() => void)[] = [];
  const done = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return async () => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    return done;
  };
}
