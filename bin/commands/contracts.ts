/** `waybill contracts check` and `lock`: keeps published event versions compatible. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { events } from '../../catalog/index.ts';
import { checkCatalogue, EMPTY_LOCK, recordCatalogue } from '../../lib/contracts/catalogue-lock.ts';
import type { CatalogueLock, LockFinding, ToJsonSchema } from '../../lib/contracts/catalogue-lock.ts';
import { CommandError, EXIT } from '../command-error.ts';

const LOCK_FILE = 'catalog/catalogue.lock.json';

/** Exits 1 with every finding: the event, the field, the reason and the way out. */
export function check(options: { readonly json?: boolean }): void {
  const findings = checkCatalogue(readLock(), events, toJsonSchema);
  if (options.json === true) {
    process.stdout.write(
      `${JSON.stringify({ status: findings.length === 0 ? 'ok' : 'error', findings }, null, 2)}\n`,
    );
  } else {
    for (const finding of findings) process.stderr.write(`${describe(finding)}\n`);
    process.stderr.write(
      findings.length === 0
        ? `contracts: ${events.length} event versions agree with ${LOCK_FILE}\n`
        : `contracts: ${findings.length} problem${findings.length === 1 ? '' : 's'}\n`,
    );
  }
  if (findings.length > 0) process.exitCode = EXIT.failed;
}

/** Records new versions. Refuses while a published version would change. */
export function lock(): void {
  const before = readLock();
  const refused = checkCatalogue(before, events, toJsonSchema).filter(
    (finding) => finding.code !== 'WAYBILL_LOCK_NOT_RECORDED',
  );
  if (refused.length > 0) {
    throw new CommandError(
      'WAYBILL_LOCK_REFUSED',
      `the lock file was not written:\n${refused.map(describe).join('\n')}`,
    );
  }
  writeFileSync(LOCK_FILE, `${JSON.stringify(recordCatalogue(before, events, toJsonSchema), null, 2)}\n`);
  process.stderr.write(`contracts: recorded ${events.length} event versions in ${LOCK_FILE}\n`);
}

function readLock(): CatalogueLock {
  if (!existsSync(LOCK_FILE)) return EMPTY_LOCK;
  try {
    return JSON.parse(readFileSync(LOCK_FILE, 'utf8')) as CatalogueLock;
  } catch (cause) {
    throw new CommandError('WAYBILL_LOCK_UNREADABLE', `${LOCK_FILE} is not JSON`, {
      cause,
      fix: `restore it from the last commit: git checkout ${LOCK_FILE}`,
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
