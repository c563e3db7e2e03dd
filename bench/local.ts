/**
 * The embedded AWS against its peers, in one run: messages a second through the AWS SDK (publish batch -> queue ->
 * receive -> delete) and in-process, time until a server is ready, memory a queued message takes.
 * `npm run bench -- local`.
 */
import { cpus } from 'node:os';
import { measureInProcess } from './local/in-process.ts';
import { measureMemory } from './local/memory.ts';
import { PEER_VERSIONS, PeerUnavailable, type ServerName } from './local/peers.ts';
import { measureReady } from './local/ready.ts';
import { measureThroughSdk } from './local/through-sdk.ts';

const SERVERS: readonly ServerName[] = ['waybill', 'fauxqs', 'moto'];

export async function run(): Promise<void> {
  print(
    `local bench: Node ${process.version}, ${cpus().length} cores; fauxqs ${PEER_VERSIONS.fauxqs}, moto ${PEER_VERSIONS.moto}; ` +
      'a process for each server, the client in this one, medians',
  );
  const available: ServerName[] = [];
  print('\nready: start of the process to the first call answered');
  for (const server of SERVERS) {
    try {
      print(line(server, `${(await measureReady(server)).toFixed(0)} ms`));
      available.push(server);
    } catch (error) {
      if (!(error instanceof PeerUnavailable)) throw error;
      print(line(server, `not measured: ${error.message}`));
    }
  }

  print('\nthrough the AWS SDK: PublishBatch of 10 -> queue -> ReceiveMessage of 10 -> DeleteMessageBatch');
  const rates = await measureThroughSdk(available);
  for (const [server, rate] of rates) {
    print(line(server, `${whole(rate)} messages/s${ratio(rates.get('waybill'), rate, server)}`));
  }

  print('\nin-process');
  const inProcess = await measureInProcess(available.includes('fauxqs'));
  for (const { what, rate } of inProcess) print(line(what, `${whole(rate)} messages/s`));
  const cycle = inProcess[0]?.rate ?? 0;
  const best = Math.max(...[...rates].filter(([server]) => server !== 'waybill').map(([, rate]) => rate));
  if (best > 0)
    print(`  the whole cycle in-process is ${(cycle / best).toFixed(0)} times the best peer through the SDK`);

  print('\nmemory of queued messages, bodies of 100 bytes');
  for (const { what, messages, overheadBytes, heapMegabytes, rssMegabytes } of measureMemory(
    available.includes('fauxqs'),
  )) {
    print(
      line(
        what,
        `${whole(messages)} messages: ${whole(overheadBytes)} bytes of heap each beyond the body, heap ${whole(heapMegabytes)} MB, RSS ${whole(rssMegabytes)} MB`,
      ),
    );
  }
  if (available.includes('moto')) print(line('moto', 'not measured: a million calls over HTTP take hours'));
}

function ratio(ours: number | undefined, rate: number, server: ServerName): string {
  return ours === undefined || server === 'waybill'
    ? ''
    : ` (ours is ${(ours / rate).toFixed(2)} times that)`;
}

function line(what: string, text: string): string {
  return `  ${what.padEnd(48)} ${text}`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
