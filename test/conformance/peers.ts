/** The suite against the embedded AWS and its peers in one go, and the results of the last run of each service. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { PEER_VERSIONS, PeerUnavailable, startServer, type ServerName } from '../../bench/local/peers.ts';
import type { Result } from './results.ts';
import { runSuite } from './suite.ts';

/** Kept between runs, so that one service can be run again. Not in the repository; the table is. */
const FILE = '.waybill/conformance/results.json';

export const TARGETS = ['waybill', 'fauxqs', 'moto'] as const;
export type TargetName = (typeof TARGETS)[number];

/** What the small peer offers at all. */
const FAUXQS_SERVICES: readonly string[] = ['sqs', 'sns', 's3'];

/**
 * Where a comparison with moto would say nothing: the SDK's client for Kinesis speaks HTTP/2 alone, which its server
 * does not; its functions need Docker; its pipes are on record and do not run.
 */
const MOTO_NOT_COMPARED: readonly string[] = ['kinesis', 'lambda', 'pipes'];

export interface ServiceResults {
  readonly service: string;
  /** Undefined where the target does not offer the service, or can't be compared. */
  readonly targets: Readonly<Record<TargetName, readonly Result[] | undefined>>;
}

export const TARGET_TITLES: Readonly<Record<TargetName, string>> = {
  waybill: 'this one',
  fauxqs: `fauxqs ${PEER_VERSIONS.fauxqs}`,
  moto: `moto ${PEER_VERSIONS.moto}`,
};

/** Runs each service against each target, writes what came out, and gives everything kept so far. */
export async function comparePeers(
  services: readonly string[],
  tell: (line: string) => void,
): Promise<readonly ServiceResults[]> {
  const kept = new Map(readKept().map((entry) => [entry.service, entry]));
  for (const service of services) {
    const [waybill, fauxqs, moto] = await Promise.all([
      runSuite({ endpoint: undefined, services: [service], slow: false }),
      FAUXQS_SERVICES.includes(service) ? resultsOf('fauxqs', service, tell) : undefined,
      MOTO_NOT_COMPARED.includes(service) ? undefined : resultsOf('moto', service, tell),
    ]);
    const targets = { waybill, fauxqs, moto };
    kept.set(service, { service, targets });
    write([...kept.values()]);
    for (const target of TARGETS) tell(`${service} ${target}: ${countOf(targets[target])}`);
  }
  return [...kept.values()].toSorted((a, b) => a.service.localeCompare(b.service));
}

async function resultsOf(
  peer: ServerName,
  service: string,
  tell: (line: string) => void,
): Promise<readonly Result[] | undefined> {
  try {
    const server = await startServer(peer);
    try {
      return await runSuite({ endpoint: server.url, services: [service], slow: false });
    } finally {
      await server.stop();
    }
  } catch (error) {
    if (!(error instanceof PeerUnavailable)) throw error;
    tell(`${peer} can't be compared: ${error.message}`);
    return undefined;
  }
}

function countOf(results: readonly Result[] | undefined): string {
  if (!results) return 'not compared';
  return `${results.filter(({ outcome }) => outcome === 'passed').length} of ${results.length}`;
}

function readKept(): readonly ServiceResults[] {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as ServiceResults[]) : [];
}

function write(results: readonly ServiceResults[]): void {
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, JSON.stringify(results));
}
