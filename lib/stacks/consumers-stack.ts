/** One of the stacks over which a system's consumers are spread; see ConsumerStacks. */
import type { Construct } from 'constructs';
import { EnvironmentStack } from './environment-stack.ts';
import type { EnvironmentStackProps } from './environment-stack.ts';

export class ConsumersStack extends EnvironmentStack {
  constructor(scope: Construct, id: string, props: EnvironmentStackProps & { readonly system: string }) {
    super(scope, id, { ...props, description: `Consumers of ${props.system}` });
  }
}
