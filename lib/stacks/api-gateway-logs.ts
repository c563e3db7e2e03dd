/**
 * The role in which API Gateway writes logs of REST and WebSocket APIs: a setting of the account in a Region, without
 * which their stages refuse a log. HTTP APIs need none. apigateway/latest/developerguide/set-up-logging.html
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import { CfnAccount } from 'aws-cdk-lib/aws-apigateway';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge } from '../constructs/index.ts';

/** Those of AWS's own policy for it, AmazonAPIGatewayPushToCloudWatchLogs: API Gateway refuses a role that has fewer. */
const LOG_ACTIONS = [
  'logs:CreateLogGroup',
  'logs:CreateLogStream',
  'logs:DescribeLogGroups',
  'logs:DescribeLogStreams',
  'logs:FilterLogEvents',
  'logs:GetLogEvents',
  'logs:PutLogEvents',
];

export class ApiGatewayLogs extends Construct {
  readonly role: Role;
  readonly account: CfnAccount;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('apigateway.amazonaws.com') });
    this.role.addToPolicy(new PolicyStatement({ actions: LOG_ACTIONS, resources: ['*'] }));
    acknowledge(
      this.role,
      'AwsSolutions-IAM5[Resource::*]',
      "One role for the logs of every API of the account in this Region, as API Gateway demands; its rights are those of AWS's own policy for it",
    );
    // Kept when the stack is deleted: others of the account may write logs with it.
    this.role.applyRemovalPolicy(RemovalPolicy.RETAIN);
    this.account = new CfnAccount(this, 'Account', { cloudWatchRoleArn: this.role.roleArn });
    this.account.applyRemovalPolicy(RemovalPolicy.RETAIN);
    // API Gateway tries the role when it is set.
    this.account.node.addDependency(this.role);
  }
}
