/** All agents on one service, by their names. */
import type { AgentName } from '../../catalog/agents/index.ts';
import type { SqsHandler } from '../runtime/index.ts';
import { categorisationAgent } from './categorisation.ts';
import { duplicateDetectionAgent } from './duplicate-detection.ts';
import type { AgentsService } from './effects.ts';
import { notificationAgent } from './notification.ts';
import { priorityAgent } from './priority.ts';
import { roadmapAgent } from './roadmap.ts';
import { sentimentAgent } from './sentiment.ts';
import { webhookRelayAgent } from './webhook-relay.ts';
import { weeklyDigestAgent } from './weekly-digest.ts';

export const agentsByName: Readonly<Record<AgentName, (agents: () => Promise<AgentsService>) => SqsHandler>> =
  {
    sentiment: sentimentAgent,
    categorisation: categorisationAgent,
    'duplicate-detection': duplicateDetectionAgent,
    priority: priorityAgent,
    notification: notificationAgent,
    roadmap: roadmapAgent,
    'weekly-digest': weeklyDigestAgent,
    'webhook-relay': webhookRelayAgent,
  };
