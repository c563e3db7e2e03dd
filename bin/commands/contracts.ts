/** `waybill contracts check` and `lock`: keeps published event versions compatible. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod/mini';
import { checkCatalogue, EMPTY_LOCK, recordCatalogue } from '../../lib/contracts/catalogue-lock.ts';
import type { CatalogueLock, LockFinding, ToJsonSchema } from '../../lib/contracts/catalogue-lock.ts';
import type { AnyEventContract } from '../../lib/contracts/index.ts';
import { CommandError, EXIT } from '../command-error.ts';

export interface ContractsOptions {
  /** The module that exports `events`. The lock file lies next to it. */
  readonly catalogue: string;
}

const LOCK_FILE = 'catalogue.lock.json';

/** Exits 1 with every finding: the event, the field, the reason and the way out. */
export async function check(options: ContractsOptions & { readonly json?: boolean }): Promise<void> {
  const events = await readCatalogue(options.catalogue);
  const lockFile = lockFileOf(options.catalogue);
  const findings = checkCatalogue(readLock(lockFile), events, toJsonSchema);
  if (options.json === true) {
    process.stdout.write(
      `${JSON.stringify({ status: findings.length === 0 ? 'ok' : 'error', findings }, null, 2)}\n`,
    );
  } else {
    for (const finding of findings) process.stderr.write(`${describe(finding)}\n`);
    process.stderr.write(
      findings.length === 0
        ? `contracts: ${events.length} event versions agree with ${lockFile}\n`
        : `contracts: ${findings.length} problem${findings.length === 1 ? '' : 's'}\n`,
    );
  }
  if (findings.length > 0) process.exitCode = EXIT.failed;
}

/** Records new versions. Refuses while a published version would change. */
export async function lock(options: ContractsOptions): Promise<void> {
  const events = await readCatalogue(options.catalogue);
  const lockFile = lockFileOf(options.catalogue);
  const before = readLock(lockFile);
  const refused = checkCatalogue(before, events, toJsonSchema).filter(
    (finding) => finding.code !== 'WAYBILL_LOCK_NOT_RECORDED',
  );
  if (refused.length > 0) {
    throw new CommandError(
      'WAYBILL_LOCK_REFUSED',
      `the lock file was not written:\n${refused.map(describe).join('\n')}`,
    );
  }
  writeFileSync(lockFile, `${JSON.stringify(recordCatalogue(before, events, toJsonSchema), null, 2)}\n`);
  process.stderr.write(`contracts: recorded ${events.length} event versions in ${lockFile}\n`);
}

async function readCatalogue(file: string): Promise<readonly AnyEventContract[]> {
  if (!existsSync(file)) {
    throw new CommandError('WAYBILL_CATALOGUE_NOT_FOUND', `there is no ${file} here`, {
      fix: 'name the module that exports `events`, an array of event contracts: --catalogue FILE',
    });
  }
  const { events } = (await import(pathToFileURL(resolve(file)).href)) as {
    readonly events?: readonly AnyEventContract[];
  };
  if (!Array.isArray(events)) {
    throw new CommandError('WAYBILL_CATALOGUE_INVALID', `${file} exports no array \`events\``, {
      fix: 'export const events = [OrderPlaced, OrderCancelled];',
    });
  }
  return events;
}

function lockFileOf(catalogue: string): string {
  return join(dirname(catalogue), LOCK_FILE);
}

function readLock(file: string): CatalogueLock {
  if (!existsSync(file)) return EMPTY_LOCK;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as CatalogueLock;
  } catch (cause) {
    throw new CommandError('WAYBILL_LOCK_UNREADABLE', `${file} is not JSON`, {
      cause,
      fix: `restore it from the last commit: git checkout ${file}`,
    });
  }
}

const toJsonSchema: ToJsonSchema = (contract) => {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(contract.schema as unknown as z.ZodMiniType, {
    io: 'input',
  });
  return schema;
};

function describe(finding: LockFinding): string {
  const field = finding.field === undefined ? '' : `, field ${finding.field}`;
  return `${finding.event} ${finding.version}${field}: ${finding.reason}\n  Fix: ${finding.fix}\n  Code: ${finding.code}`;
}
