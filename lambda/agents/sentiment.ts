/** Agent `sentiment`: how the author of feedback feels about the product. */
import { SentimentRated } from '../../catalog/agents/index.ts';
import { agent } from './agent.ts';
import { foundIn, handleOnce } from './effects.ts';
import { agentsService } from './environment.ts';
import { sentimentOf } from './models/sentiment.ts';

export const sentimentAgent = agent('sentiment', async (agents, event) => {
  const { tenantId } = event;
  const { feedbackId, productId, text } = event.data;
  const { score, label } = sentimentOf(text);
  await handleOnce(agents, 'sentiment', event, async (tx, emit) => {
    await tx.query(
      `insert into sentiment_rating (tenant_id, feedback_id, product_id, score, label)
       values ($1, $2, $3, $4, $5)`,
      [tenantId, feedbackId, productId, score, label],
    );
    emit(SentimentRated, {
      tenantId,
      causedBy: event,
      eventId: foundIn(event, 'sentiment', SentimentRated.name),
      data: { feedbackId, productId, score, label },
    });
  });
});

export const sentiment = sentimentAgent(agentsService);
