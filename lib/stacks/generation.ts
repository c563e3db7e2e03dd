/** The generation system, whole: its stack with its consumers. */
import type { App, Stack } from 'aws-cdk-lib';
import { createGenerationConsumers } from './generation-consumers.ts';
import { GenerationStack } from './generation-stack.ts';
import type { SystemStackProps } from './system-stack.ts';

export interface GenerationProps extends SystemStackProps {
  /** What must be deployed before: the stacks of the database, and of API Gateway's log role. */
  readonly dependsOn: readonly Stack[];
}

/** The PostgreSQL schema of the system's tables. */
const SCHEMA = 'generation';

export function createGeneration(app: App, props: GenerationProps): GenerationStack {
  const shared = { ...props, database: { ...props.database, schema: SCHEMA } };
  const generation = new GenerationStack(app, 'Generation', shared);
  // Weak references order nothing by themselves: what is used must be there before its users.
  for (const stack of props.dependsOn) generation.addStackDependency(stack);
  createGenerationConsumers(generation, shared);
  return generation;
}
