/** The network of a mapping whose source is in a VPC, and of its function. */
import type { ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { EventFunction, FunctionProps } from './event-function.ts';

/**
 * What a mapping needs to place its pollers in the source's subnets, besides what any function in a VPC needs.
 * lambda/latest/dg/with-msk-permissions.html, lambda/latest/dg/services-mq-configure.html
 */
const MAPPING_NETWORK = ['ec2:DescribeSecurityGroups', 'ec2:DescribeVpcs'];

export function allowMappingNetwork({ role }: EventFunction): void {
  role.addToPolicy(new PolicyStatement({ actions: MAPPING_NETWORK, resources: ['*'] }));
}

/** Of the source, and of the database where there is one: each lets in its own clients. */
export function clientGroupsOf(
  { database, outbox }: FunctionProps,
  ofSource: ISecurityGroup,
): readonly ISecurityGroup[] {
  const ofDatabase = (outbox?.database ?? database)?.clientSecurityGroup;
  return ofDatabase === undefined || ofDatabase === ofSource ? [ofSource] : [ofSource, ofDatabase];
}
