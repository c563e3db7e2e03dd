/** Least privilege: the actions that are needed, on the resources that are meant, and a note in the topology. */
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { IConstruct } from 'constructs';
import type { PublishRoute } from './event-routes.ts';
import { recordEdge } from './topology-recorder.ts';

export function grantTo(grantee: IGrantable, actions: readonly string[], resources: readonly string[]): void {
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({ actions: [...actions], resources: [...resources] }),
  );
}

/** Records who was allowed to publish, where that is a construct. */
export function recordPublisher(
  destination: IConstruct,
  grantee: IGrantable,
  routes: readonly PublishRoute[],
): void {
  const publisher = Construct.isConstruct(grantee) ? grantee : grantee.grantPrincipal;
  if (!Construct.isConstruct(publisher)) return;
  for (const { source, events } of routes) {
    recordEdge(destination, { kind: 'publishes', from: publisher, to: destination, source, events });
  }
}
