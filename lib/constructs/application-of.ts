/** What is deployed together, and what a name must be unique in. */
import { Stage } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** The stage, where environments are stages of one app; else the app. */
export function applicationOf(scope: IConstruct): IConstruct {
  return Stage.of(scope) ?? scope.node.root;
}
