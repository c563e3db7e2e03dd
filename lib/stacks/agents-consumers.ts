/** Agents behind queues, and their shadows: the transport `sns-sqs`. They are spread over stacks by their names. */
import type { App, Stack } from 'aws-cdk-lib';
import { agentConsumes, agentOpens, agentPublishes } from '../../catalog/agents/index.ts';
import type { AgentName } from '../../catalog/agents/index.ts';
import { AGENT_NAMES, agentsConfig, transportsOf } from '../config/index.ts';
import { ConsumerStacks, QueueConsumer } from '../constructs/index.ts';
import type { TopicEvents } from '../constructs/index.ts';
import { pascalCase } from '../constructs/names.ts';
import { entryOf } from './agents-stack.ts';
import type { AgentsStack, AgentsStackProps, FeedbackTopic } from './agents-stack.ts';
import { ConsumersStack } from './consumers-stack.ts';

export interface AgentConsumersProps extends AgentsStackProps {
  readonly agents: AgentsStack;
}

/** For good: with another number the queues of agents would change their stacks. Enough for fifty agents and shadows. */
const CONSUMER_PARTITIONS = 4;

export interface AgentConsumers {
  readonly stacks: readonly Stack[];
}

/** None where no agent is on `sns-sqs`, or can move there. */
export function createAgentConsumers(app: App, id: string, props: AgentConsumersProps): AgentConsumers {
  const { agents: stack, key, database } = props;
  const { agents, consumerConcurrency } = agentsConfig(props.config);
  const { events } = stack;
  if (events === undefined) return { stacks: [] };
  const stacks = new ConsumerStacks(app, id, {
    partitions: CONSUMER_PARTITIONS,
    createStack: (parent, stackId) => new ConsumersStack(parent, stackId, { ...props, system: 'agents' }),
    dependsOn: [stack],
  });
  const consumer = (consumerName: string, agent: AgentName, entry: string, enabled: boolean) => {
    const made = new QueueConsumer(stacks.stackOf(consumerName), pascalCase(consumerName), {
      consumerName,
      subscribesTo: eventsOf(agent, events),
      entry: entryOf(entry),
      database,
      encryptionKey: key,
      maxConcurrency: consumerConcurrency,
      logRetention: stack.logRetention,
      // Held until the agent is moved here. A deployment that changes the mapping would hold it again, if this still
      // says so: `waybill transport status` tells.
      ...(enabled ? {} : { enabled }),
    });
    made.function.addEnvironment('WAYBILL_TRANSPORT', 'sns-sqs');
    return made;
  };
  for (const agent of AGENT_NAMES) {
    const { transport, next = [] } = agents[agent];
    if (!transportsOf(agents[agent]).includes('sns-sqs')) continue;
    const made = consumer(agent, agent, agent, transport === 'sns-sqs');
    stack.recordAppends(made.handler, agentPublishes[agent]);
    stack.sealingKey.grants.seal(made, agentPublishes[agent]);
    stack.sealingKey.grants.open(made, agentOpens[agent]);
    if (next.includes('sns-sqs')) consumer(`${agent}-shadow`, agent, 'shadow', true);
  }
  return { stacks: stacks.stacks };
}

function eventsOf(agent: AgentName, topic: FeedbackTopic): readonly TopicEvents[] {
  return agentConsumes[agent].map((contract) => topic.event(contract));
}
