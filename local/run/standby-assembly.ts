/** The assembly of the first region as a standby deploys it: keys of several regions are replicas there. */
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A multi-Region key of the first region. */
export interface PrimaryKey {
  readonly logicalId: string;
  readonly arn: string;
}

interface Template {
  readonly Resources?: Record<
    string,
    { readonly Type: string; readonly Properties?: Record<string, unknown> }
  >;
}

/** What AWS::KMS::ReplicaKey has no word for: it is the primary's. */
const OF_THE_PRIMARY = ['MultiRegion', 'EnableKeyRotation', 'RotationPeriodInDays', 'KeySpec', 'KeyUsage'];

/** Copies it to `target`, and writes there what differs. */
export async function writeStandbyAssembly(
  source: string,
  target: string,
  keys: readonly PrimaryKey[],
): Promise<void> {
  await cp(source, target, { recursive: true });
  const arnOf = new Map(keys.map(({ logicalId, arn }) => [logicalId, arn]));
  for (const file of (await readdir(target)).filter((name) => name.endsWith('.template.json'))) {
    const path = join(target, file);
    const template = JSON.parse(await readFile(path, 'utf8')) as Template;
    const replicated = withReplicas(template, arnOf);
    if (replicated !== template) await writeFile(path, JSON.stringify(replicated));
  }
}

function withReplicas(template: Template, arnOf: ReadonlyMap<string, string>): Template {
  const replicas = Object.entries(template.Resources ?? {}).flatMap(([logicalId, resource]) => {
    const { Type: type, Properties: properties = {} } = resource;
    const PrimaryKeyArn = arnOf.get(logicalId);
    if (type !== 'AWS::KMS::Key' || properties['MultiRegion'] !== true || PrimaryKeyArn === undefined)
      return [];
    const own = Object.entries(properties).filter(([name]) => !OF_THE_PRIMARY.includes(name));
    const replica = {
      ...resource,
      Type: 'AWS::KMS::ReplicaKey',
      Properties: { ...Object.fromEntries(own), PrimaryKeyArn },
    };
    return [[logicalId, replica] as const];
  });
  if (replicas.length === 0) return template;
  return { ...template, Resources: { ...template.Resources, ...Object.fromEntries(replicas) } };
}
