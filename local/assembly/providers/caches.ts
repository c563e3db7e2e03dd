/** What the templates of ElastiCache and MemoryDB have in common. */
import type { JsonObject } from '../../../lib/assembly/template.ts';
import { textProperty } from './provider.ts';
import type { ProviderContext } from './provider.ts';

/** AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html, memorydb/latest/APIReference/API_CreateCluster.html */
const NAME_LENGTH = 40;

/** Names have small letters, and no two hyphens beside one another. */
export function generatedCacheName(context: ProviderContext): string {
  return context.generatedName(NAME_LENGTH).toLowerCase().replaceAll(/-{2,}/g, '-');
}

/** The parameters of a parameter group. */
export function parametersOf(values: JsonObject): Record<string, string> {
  return Object.fromEntries(Object.keys(values).map((name) => [name, textProperty(values, name) ?? '']));
}
