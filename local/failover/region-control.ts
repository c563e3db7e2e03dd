/**
 * What an operator switches in a region: the relay that publishes, the rules of a replica of a bus, sagas that run.
 * By AWS's own API, so that it works on the embedded AWS and on the real one alike.
 */
import type { Topology } from '../../lib/topology/index.ts';

export interface RegionControl {
  readonly region: string;
  /** Starts or stops publishing from the outbox. */
  switchRelay(on: boolean): Promise<number>;
  /** Lets consumers of replicated buses get events, or stops them. */
  switchReplicas(on: boolean): Promise<number>;
  /** Ends the executions that run; another region has begun them again. */
  stopExecutions(): Promise<number>;
  /**
   * Lets executions go on that were ended before, by their names: a name is taken for 90 days, so that those can not be
   * started again. https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html
   */
  redriveExecutions(names: ReadonlySet<string>): Promise<number>;
}

export interface RegionControlProps {
  readonly region: string;
  /** Of the system's stacks, its name in front: others are left alone. */
  readonly isOurs: (stackName: string) => boolean;
  readonly topology: Topology;
  /** @default - AWS, or AWS_ENDPOINT_URL */
  readonly endpoint?: string;
  /** @default - those of the environment */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

interface StackResource {
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
}

/** Loads the clients of the AWS SDK that it needs. */
export async function regionControl(props: RegionControlProps): Promise<RegionControl> {
  const { region, isOurs, topology, endpoint, credentials } = props;
  const [cloudFormation, lambda, scheduler, events, states] = await Promise.all([
    import('@aws-sdk/client-cloudformation'),
    import('@aws-sdk/client-lambda'),
    import('@aws-sdk/client-scheduler'),
    import('@aws-sdk/client-eventbridge'),
    import('@aws-sdk/client-sfn'),
  ]);
  const config = {
    region,
    maxAttempts: 2,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
  };
  const clients = {
    cloudFormation: new cloudFormation.CloudFormationClient(config),
    lambda: new lambda.LambdaClient(config),
    scheduler: new scheduler.SchedulerClient(config),
    events: new events.EventBridgeClient(config),
    states: new states.SFNClient(config),
  };
  const stackNames = [...new Set(topology.nodes.flatMap(({ stack }) => stack ?? []))].filter(isOurs);

  const resourcesOf = async (types: readonly string[]): Promise<readonly StackResource[]> => {
    const found: StackResource[] = [];
    for (const StackName of stackNames) {
      let NextToken: string | undefined;
      do {
        const page = await clients.cloudFormation.send(
          new cloudFormation.ListStackResourcesCommand({ StackName, NextToken }),
        );
        for (const { LogicalResourceId, PhysicalResourceId, ResourceType } of page.StackResourceSummaries ??
          []) {
          if (types.includes(ResourceType ?? '')) {
            found.push({
              logicalId: LogicalResourceId ?? '',
              physicalId: PhysicalResourceId ?? '',
              type: ResourceType ?? '',
            });
          }
        }
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
    }
    return found;
  };

  /** What is of a relay by its name in the templates: its node is called as its function is. */
  const relays = topology.nodes.filter(({ kind, stack }) => kind === 'relay' && isOurs(stack ?? ''));
  const relayPrefixes = relays.map(({ logicalId }) =>
    (logicalId ?? '').replace(/Handler[0-9A-F]{0,8}.*$/, ''),
  );
  const isOfRelay = ({ logicalId }: StackResource): boolean =>
    relayPrefixes.some((prefix) => prefix !== '' && logicalId.startsWith(prefix));

  const switchSchedule = async (id: string, on: boolean): Promise<void> => {
    const [GroupName, Name] = id.includes('|') ? id.split('|') : [undefined, id];
    const where = GroupName === undefined ? await groupOf(Name ?? id) : { GroupName };
    const schedule = await clients.scheduler.send(new scheduler.GetScheduleCommand({ Name, ...where }));
    const {
      $metadata: _,
      Arn: _arn,
      CreationDate: _made,
      LastModificationDate: _changed,
      ...same
    } = schedule;
    await clients.scheduler.send(
      new scheduler.UpdateScheduleCommand({
        ...same,
        Name: same.Name ?? Name,
        ScheduleExpression: same.ScheduleExpression ?? '',
        FlexibleTimeWindow: same.FlexibleTimeWindow,
        Target: same.Target,
        State: on ? 'ENABLED' : 'DISABLED',
      }),
    );
  };
  const groupOf = async (name: string): Promise<{ GroupName?: string }> => {
    const { Schedules = [] } = await clients.scheduler.send(
      new scheduler.ListSchedulesCommand({ NamePrefix: name }),
    );
    const group = Schedules.find(({ Name }) => Name === name)?.GroupName;
    return group === undefined ? {} : { GroupName: group };
  };

  const executionsOf = async (statusFilter: 'RUNNING' | 'ABORTED') => {
    const found: { readonly executionArn: string | undefined; readonly name: string | undefined }[] = [];
    for (const { physicalId: stateMachineArn } of await resourcesOf(['AWS::StepFunctions::StateMachine'])) {
      let nextToken: string | undefined;
      do {
        const page = await clients.states.send(
          new states.ListExecutionsCommand({ stateMachineArn, statusFilter, nextToken }),
        );
        found.push(...(page.executions ?? []).map(({ executionArn, name }) => ({ executionArn, name })));
        nextToken = page.nextToken;
      } while (nextToken !== undefined);
    }
    return found;
  };

  return {
    region,
    async switchRelay(on) {
      const types = ['AWS::Lambda::EventSourceMapping', 'AWS::Scheduler::Schedule'];
      const ofRelay = (await resourcesOf(types)).filter(isOfRelay);
      for (const { type, physicalId } of ofRelay) {
        if (type === 'AWS::Scheduler::Schedule') await switchSchedule(physicalId, on);
        else {
          await clients.lambda.send(
            new lambda.UpdateEventSourceMappingCommand({ UUID: physicalId, Enabled: on }),
          );
        }
      }
      return ofRelay.length;
    },
    async switchReplicas(on) {
      const standby = new Set(
        topology.edges.flatMap((edge) => (edge.kind === 'routes' && edge.standby === true ? [edge.via] : [])),
      );
      const logicalIds = new Set(
        topology.nodes.filter(({ id }) => standby.has(id)).map(({ logicalId }) => logicalId),
      );
      const rules = (await resourcesOf(['AWS::Events::Rule'])).filter(({ logicalId }) =>
        logicalIds.has(logicalId),
      );
      const Command = on ? events.EnableRuleCommand : events.DisableRuleCommand;
      for (const { physicalId } of rules) {
        const [EventBusName, Name] = physicalId.includes('|')
          ? physicalId.split('|')
          : [undefined, physicalId];
        await clients.events.send(new Command({ Name, ...(EventBusName !== undefined && { EventBusName }) }));
      }
      return rules.length;
    },
    async stopExecutions() {
      const running = await executionsOf('RUNNING');
      for (const { executionArn } of running) {
        await clients.states.send(
          new states.StopExecutionCommand({
            executionArn,
            error: 'RegionFailover',
            cause: 'Another region has taken over',
          }),
        );
      }
      return running.length;
    },
    async redriveExecutions(names) {
      const ended = (await executionsOf('ABORTED')).filter(({ name }) => names.has(name ?? ''));
      for (const { executionArn } of ended) {
        await clients.states.send(new states.RedriveExecutionCommand({ executionArn }));
      }
      return ended.length;
    },
  };
}
