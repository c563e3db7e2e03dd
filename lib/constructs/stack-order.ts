/** Stacks that come after others although no reference of CloudFormation's says so. */
import type { Stack } from 'aws-cdk-lib';

export function deployAfter(stack: Stack, other: Stack, reason?: string): void {
  if ('addStackDependency' in stack) stack.addStackDependency(other, reason);
  // Older releases of CDK call it so, newer ones warn of that name.
  else (stack as Stack).addDependency(other, reason);
}

const REFERENCES_CONTEXT_KEY = '@aws-cdk/core:defaultCrossStackReferences';

/**
 * An export cannot be removed while it is imported, so a consumer and what it uses could not go in one deployment.
 * Releases of CDK without weak references ignore this. Only a stack without constructs takes it.
 */
export function referWeakly(stack: Stack): void {
  stack.node.setContext(REFERENCES_CONTEXT_KEY, 'weak');
}
