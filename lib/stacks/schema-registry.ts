/** The events of a system in EventBridge's schema registry, for whoever writes a consumer outside of this repository. */
import { CfnRegistry, CfnSchema } from 'aws-cdk-lib/aws-eventschemas';
import { Construct } from 'constructs';
import * as z from 'zod/mini';
import type { AnyEventContract } from '../contracts/index.ts';

export interface SchemaRegistryProps {
  /** Of the environment and system. */
  readonly registryName: string;
  readonly description: string;
  readonly events: readonly AnyEventContract[];
}

/** One schema an event, named `SOURCE@NAME` as EventBridge's own discovery names them. */
export class SchemaRegistry extends Construct {
  readonly registry: CfnRegistry;

  constructor(scope: Construct, id: string, props: SchemaRegistryProps) {
    super(scope, id);
    this.registry = new CfnRegistry(this, 'Registry', {
      registryName: props.registryName,
      description: props.description,
    });
    for (const contract of props.events) {
      const content = jsonSchemaOf(contract);
      if (content === undefined) continue;
      new CfnSchema(this, contract.name, {
        registryName: this.registry.attrRegistryName,
        schemaName: `${contract.source}@${contract.name}`,
        type: 'JSONSchemaDraft4',
        content: JSON.stringify(content),
        ...(contract.description === undefined ? {} : { description: contract.description }),
      });
    }
  }
}

/** The envelope around an event's data. Undefined for a schema of another library than zod. */
function jsonSchemaOf({ name, version, source, schema }: AnyEventContract): object | undefined {
  if (!('_zod' in schema)) return undefined;
  const data = z.toJSONSchema(schema as unknown as z.ZodMiniType, {
    target: 'draft-4',
    unrepresentable: 'any',
    io: 'input',
  });
  const text = { type: 'string' };
  return {
    $schema: 'http://json-schema.org/draft-04/schema#',
    title: `${name} ${version}`,
    type: 'object',
    required: ['eventId', 'eventType', 'eventVersion', 'source', 'timestamp', 'tenantId', 'data', 'metadata'],
    properties: {
      eventId: text,
      eventType: { enum: [name] },
      eventVersion: text,
      source: { enum: [source] },
      timestamp: { type: 'string', format: 'date-time' },
      correlationId: text,
      causationId: { type: ['string', 'null'] },
      tenantId: text,
      data,
      metadata: { type: 'object' },
    },
  };
}
