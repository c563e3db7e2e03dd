/** An embedded PostgreSQL for the local run and the tests: no Docker, no installed server, nothing left behind. */
export { startEmbeddedPostgres } from './server.ts';
export type { EmbeddedPostgres, EmbeddedPostgresOptions } from './server.ts';
export { EmbeddedPostgresError } from './errors.ts';
export type { EmbeddedPostgresErrorCode } from './errors.ts';
export { createDatabase } from './create-database.ts';
export type { DatabaseOwner } from './create-database.ts';
export { startClusterEndpoint } from './cluster-endpoint.ts';
export type { ClusterEndpoint, ClusterRole } from './cluster-endpoint.ts';
