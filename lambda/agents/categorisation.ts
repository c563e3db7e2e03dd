/** Agent `categorisation`: what feedback is about. */
import { FeedbackCategorised } from '../../catalog/agents/index.ts';
import { agent } from './agent.ts';
import { foundIn, handleOnce } from './effects.ts';
import { agentsService } from './environment.ts';
import { categoryOf } from './models/category.ts';

export const categorisationAgent = agent('categorisation', async (agents, event) => {
  const { tenantId } = event;
  const { feedbackId, productId, text } = event.data;
  const { category, confidence } = categoryOf(text);
  await handleOnce(agents, 'categorisation', event, async (tx, emit) => {
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
});

export const categorisation = categorisationAgent(agentsService);
