/** Agent `categorisation`: what feedback is about. */
import { agentConsumes, FeedbackCategorised } from '../../catalog/agents/index.ts';
import { consume } from '../runtime/index.ts';
import { foundIn, handleOnce } from './effects.ts';
import type { AgentsService } from './effects.ts';
import { agentsService } from './environment.ts';
import { categoryOf } from './models/category.ts';

export const categorisationAgent = (agents: () => Promise<AgentsService>) =>
  consume(
    agentConsumes.categorisation,
    async (event) => {
      const { tenantId } = event;
      const { feedbackId, productId, text } = event.data;
      const { category, confidence } = categoryOf(text);
      await handleOnce(await agents(), 'categorisation', event, async (tx, emit) => {
        await tx.query(
          `insert into feedback_category (tenant_id, feedback_id, product_id, category, confidence)
           values ($1, $2, $3, $4, $5)`,
          [tenantId, feedbackId, productId, category, confidence],
        );
        emit(FeedbackCategorised, {
          tenantId,
          causedBy: event,
          eventId: foundIn(event, 'categorisation', FeedbackCategorised.name),
          data: { feedbackId, productId, category, confidence },
        });
      });
    },
    { consumer: 'categorisation' },
  );

export const categorisation = categorisationAgent(agentsService);
