/**
 * The lock file of a catalogue: what has been published, so that a change which would break consumers
 * is refused before it is merged. `npm run contracts:check` compares, `npm run contracts:lock` records.
 */
import { canonical, incompatibilities } from './compatibility.ts';
import type { JsonSchema } from './compatibility.ts';
import { majorOf } from './event.ts';
import type { AnyEventContract } from './event.ts';

export interface LockedEvent {
  readonly source: string;
  readonly orderingKey: string | null;
  readonly pii: readonly string[];
  readonly schema: JsonSchema;
}

export interface CatalogueLock {
  readonly lockVersion: 1;
  /** By event name, then by version. */
  readonly events: Readonly<Record<string, Readonly<Record<string, LockedEvent>>>>;
}

export type LockFindingCode =
  | 'WAYBILL_LOCK_INCOMPATIBLE'
  | 'WAYBILL_LOCK_CHANGED_IN_PLACE'
  | 'WAYBILL_LOCK_REMOVED'
  | 'WAYBILL_LOCK_UPCASTER_MISSING'
  | 'WAYBILL_LOCK_NOT_RECORDED'
  | 'WAYBILL_CATALOGUE_EXAMPLE_INVALID'
  | 'WAYBILL_CATALOGUE_DUPLICATE';

export interface LockFinding {
  readonly code: LockFindingCode;
  readonly event: string;
  readonly version: string;
  /** The field that changed, where it is one. */
  readonly field?: string;
  readonly reason: string;
  readonly fix: string;
}

/** Turns an event's validator into JSON Schema; given by the caller so that no validator is imported here. */
export type ToJsonSchema = (contract: AnyEventContract) => JsonSchema;

/** Every difference between a catalogue and its lock that must not be merged as it is. Empty when the lock is true. */
export function checkCatalogue(
  lock: CatalogueLock,
  events: readonly AnyEventContract[],
  toJsonSchema: ToJsonSchema,
): LockFinding[] {
  return [
    ...duplicates(events),
    ...events.flatMap(invalidExamples),
    ...events.flatMap((contract) => checkEvent(lock, contract, toJsonSchema)),
    ...removed(lock, events),
  ];
}

/** The lock that records these events next to every version already published. */
export function recordCatalogue(
  lock: CatalogueLock,
  events: readonly AnyEventContract[],
  toJsonSchema: ToJsonSchema,
): CatalogueLock {
  const recorded: Record<string, Record<string, LockedEvent>> = {};
  for (const [name, versions] of Object.entries(lock.events)) recorded[name] = { ...versions };
  for (const contract of events) {
    (recorded[contract.name] ??= {})[contract.version] = lockedEvent(contract, toJsonSchema);
  }
  const byKey = <Value>(record: Record<string, Value>): Record<string, Value> =>
    Object.fromEntries(Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1)));
  return {
    lockVersion: 1,
    events: byKey(
      Object.fromEntries(Object.entries(recorded).map(([name, versions]) => [name, byKey(versions)])),
    ),
  };
}

export const EMPTY_LOCK: CatalogueLock = { lockVersion: 1, events: {} };

function lockedEvent(contract: AnyEventContract, toJsonSchema: ToJsonSchema): LockedEvent {
  return {
    source: contract.source,
    orderingKey: contract.orderingKey ?? null,
    pii: [...contract.pii].sort(),
    schema: toJsonSchema(contract),
  };
}

/**
 * | published before          | this version          | result                                              |
 * |---------------------------|-----------------------|-----------------------------------------------------|
 * | this version, the same    | -                     | nothing to say                                      |
 * | this version, different   | incompatible          | INCOMPATIBLE: new major, upcaster                   |
 * | this version, different   | compatible            | CHANGED_IN_PLACE: new minor                         |
 * | same major, other minor   | incompatible with one | INCOMPATIBLE: new major, upcaster                   |
 * | an older major only       | no upcaster from it   | UPCASTER_MISSING                                    |
 * | not this version          | fits                  | NOT_RECORDED: run contracts:lock                    |
 */
function checkEvent(
  lock: CatalogueLock,
  contract: AnyEventContract,
  toJsonSchema: ToJsonSchema,
): LockFinding[] {
  const versions = lock.events[contract.name] ?? {};
  const now = lockedEvent(contract, toJsonSchema);
  const at = { event: contract.name, version: contract.version };
  const nextMajor = `${Number(majorOf(contract.version)) + 1}.0`;
  const newMajor =
    `publish it as version ${nextMajor} next to ${contract.version}, and give ${nextMajor} an upcaster: ` +
    `upcast: { '${majorOf(contract.version)}': (older) => ({ ... }) }`;

  const published = versions[contract.version];
  if (published !== undefined && canonical(published) === canonical(now)) return [];

  const findings: LockFinding[] = [];
  for (const [version, older] of Object.entries(versions)) {
    if (majorOf(version) !== majorOf(contract.version)) continue;
    for (const { field, reason } of differences(older, now)) {
      findings.push({
        code: 'WAYBILL_LOCK_INCOMPATIBLE',
        ...at,
        field,
        reason: `against ${version}: ${reason}`,
        fix: newMajor,
      });
    }
  }
  if (findings.length > 0) return findings;

  if (published !== undefined) {
    const [major, minor] = contract.version.split('.');
    return [
      {
        code: 'WAYBILL_LOCK_CHANGED_IN_PLACE',
        ...at,
        reason: 'its declaration changed compatibly, but this version is already published',
        fix: `raise the version to ${major}.${Number(minor) + 1}, then run: npm run contracts:lock`,
      },
    ];
  }
  const olderMajors = new Set(
    Object.keys(versions)
      .map(majorOf)
      .filter((major) => Number(major) < Number(majorOf(contract.version))),
  );
  const missing = [...olderMajors].filter((major) => contract.upcast[major] === undefined);
  if (missing.length > 0) {
    return missing.map((major) => ({
      code: 'WAYBILL_LOCK_UPCASTER_MISSING' as const,
      ...at,
      reason: `version ${major}.x is published, and its events are still in queues and archives`,
      fix: `declare upcast: { '${major}': (older) => ({ ... }) } in version ${contract.version}`,
    }));
  }
  return [
    {
      code: 'WAYBILL_LOCK_NOT_RECORDED',
      ...at,
      reason: 'this version is not in the lock file yet',
      fix: 'run: npm run contracts:lock, and commit the lock file',
    },
  ];
}

function differences(older: LockedEvent, newer: LockedEvent): { field: string; reason: string }[] {
  const found: { field: string; reason: string }[] = [...incompatibilities(older.schema, newer.schema)];
  if (older.source !== newer.source) {
    found.push({
      field: '(source)',
      reason: `source changed from ${older.source} to ${newer.source}: it is routed elsewhere`,
    });
  }
  if (older.orderingKey !== newer.orderingKey) {
    found.push({
      field: '(orderingKey)',
      reason: `ordering key changed from ${older.orderingKey ?? 'none'} to ${newer.orderingKey ?? 'none'}: order is lost across the change`,
    });
  }
  for (const field of older.pii.filter((path) => !newer.pii.includes(path))) {
    found.push({ field, reason: 'no longer personal data: it would leave the process unsealed' });
  }
  return found;
}

/** A published version may go only when a newer major can read its events. */
function removed(lock: CatalogueLock, events: readonly AnyEventContract[]): LockFinding[] {
  return Object.entries(lock.events).flatMap(([name, versions]) =>
    Object.keys(versions)
      .filter((version) => !events.some((contract) => reads(contract, name, version)))
      .map((version) => ({
        code: 'WAYBILL_LOCK_REMOVED' as const,
        event: name,
        version,
        reason: 'it is published, but no event of the catalogue can read it any more',
        fix: `keep ${name} ${version}, or give a newer version upcast['${majorOf(version)}']; when every queue and archive is past its retention, delete it from the lock file`,
      })),
  );
}

function reads(contract: AnyEventContract, name: string, version: string): boolean {
  return (
    contract.name === name &&
    (majorOf(contract.version) === majorOf(version) || contract.upcast[majorOf(version)] !== undefined)
  );
}

function invalidExamples(contract: AnyEventContract): LockFinding[] {
  return contract.examples.flatMap((example: unknown, index) => {
    const result = contract.schema['~standard'].validate(example);
    if (result instanceof Promise || result.issues === undefined) return [];
    return [
      {
        code: 'WAYBILL_CATALOGUE_EXAMPLE_INVALID' as const,
        event: contract.name,
        version: contract.version,
        field: `examples.${index}`,
        reason: result.issues.map((issue) => issue.message).join('; '),
        fix: 'correct the example, or the schema',
      },
    ];
  });
}

function duplicates(events: readonly AnyEventContract[]): LockFinding[] {
  const seen = new Set<string>();
  return events.flatMap((contract) => {
    const key = `${contract.name} ${contract.version}`;
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [
      {
        code: 'WAYBILL_CATALOGUE_DUPLICATE' as const,
        event: contract.name,
        version: contract.version,
        reason: 'declared twice in the catalogue',
        fix: 'keep one of the two, or raise the version of the newer',
      },
    ];
  });
}
