/** Public surface of sealing. */
export { kmsDataKeys } from './data-keys.ts';
export type { DataKey, DataKeyContext, DataKeys, KmsDataKeysProps } from './data-keys.ts';
export { SealingError } from './errors.ts';
export type { SealingErrorCode } from './errors.ts';
export { ERASED, isSealed } from './sealed-text.ts';
export { createSealer } from './sealer.ts';
export type { Sealer, SealerProps, SealingMark } from './sealer.ts';
export { eraseSubject, postgresSubjectKeys, subjectKeyTable } from './subject-keys.ts';
export type { PostgresSubjectKeysProps, SubjectKeys } from './subject-keys.ts';
