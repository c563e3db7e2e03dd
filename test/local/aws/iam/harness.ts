/** An embedded AWS without an endpoint, with an authorizer, for tests of who may do what. */
import { manualClock, type ManualClock } from '../../../../local/aws/clock.ts';
import {
  createAwsContext,
  rootCaller,
  serviceCaller,
  type AwsContext,
  type Caller,
  type Happening,
  type PolicyMode,
} from '../../../../local/aws/context.ts';
import { callService } from '../../../../local/aws/dispatch.ts';
import { createEventsService } from '../../../../local/aws/events/index.ts';
import { createIamService, roleCaller, type IamService } from '../../../../local/aws/iam/index.ts';
import { createKmsService } from '../../../../local/aws/kms/index.ts';
import { createSecretsManagerService } from '../../../../local/aws/secretsmanager/index.ts';
import { createSnsService } from '../../../../local/aws/sns/index.ts';
import { createSqsService } from '../../../../local/aws/sqs/index.ts';
import { createSsmService } from '../../../../local/aws/ssm/index.ts';
import { createStsService } from '../../../../local/aws/sts/index.ts';

export const ACCOUNT = '000000000000';
export const queueArn = (name: string): string => `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`;
export const topicArn = (name: string): string => `arn:aws:sns:us-east-1:${ACCOUNT}:${name}`;
export const roleArn = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;

export interface Harness {
  readonly context: AwsContext;
  readonly clock: ManualClock;
  readonly iam: IamService;
  readonly root: Caller;
  /** What was denied, in order. */
  readonly denied: Happening[];
  /** A role with this one statement, and a session of it. */
  role(name: string, ...statements: readonly object[]): Caller;
  service(name: string, sourceArn: string): Caller;
  call(caller: Caller, service: string, action: string, input?: Record<string, unknown>): Promise<Answer>;
  close(): Promise<void>;
}

export type Answer = Readonly<Record<string, unknown>>;

export function harness(policies: PolicyMode = 'enforced'): Harness {
  const clock = manualClock(Date.UTC(2026, 0, 21, 12));
  const context = createAwsContext({ clock, policies });
  const iam = createIamService(context);
  const services = [
    iam,
    createEventsService(context),
    createKmsService(context),
    createSecretsManagerService(context),
    createSnsService(context),
    createSqsService(context),
    createSsmService(context),
    createStsService(context),
  ];
  for (const service of services) context.services.register(service);
  context.authorizer = iam.authorizer;
  const denied: Happening[] = [];
  context.events.observe((happening) => {
    if (happening.kind === 'denied') denied.push(happening);
  });

  return {
    context,
    clock,
    iam,
    root: rootCaller(context),
    denied,
    role(name, ...statements) {
      const trusted = { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' };
      iam.putRole({
        RoleName: name,
        AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [trusted] },
      });
      if (statements.length > 0) {
        iam.putRolePolicy(name, 'inline', { Version: '2012-10-17', Statement: statements });
      }
      return roleCaller(roleArn(name), 'session');
    },
    service: (name, sourceArn) => serviceCaller(context, name, sourceArn),
    async call(caller, service, action, input = {}) {
      const target = services.find(({ name }) => name === service)!;
      return (await callService(context, target, action, input, caller)) as Answer;
    },
    async close() {
      for (const service of services) await service.close?.();
    },
  };
}
