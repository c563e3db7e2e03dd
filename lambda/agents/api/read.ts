/** What the API shows: feedback with what the agents found out, and the roadmap. Of the caller's tenant alone (D18). */
import { notFound } from '../../http/request.ts';
import type { Caller } from '../../http/request.ts';
import { rowsOf } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';

/** Items of the roadmap in one answer. */
const ROADMAP_LIMIT = 500;

interface FeedbackRow {
  readonly receivedAt: Date;
  readonly [column: string]: unknown;
}

/** Null for what its agent has not found out yet. @throws Problem 404 */
export async function readFeedback(
  service: Service,
  { tenantId }: Pick<Caller, 'tenantId'>,
  feedbackId: string,
) {
  const [row] = await rowsOf<FeedbackRow>(
    service.database,
    `select f.feedback_id as "feedbackId", f.product_id as "productId", f.author_id as "authorId", f.channel, f.text,
            f.language, f.received_at as "receivedAt",
            (select coalesce(sum(weight), 0)::float8 from feedback_vote v
              where v.tenant_id = f.tenant_id and v.feedback_id = f.feedback_id) as votes,
            case when s.score is not null then jsonb_build_object('score', s.score, 'label', s.label) end as sentiment,
            case when c.category is not null
              then jsonb_build_object('category', c.category, 'confidence', c.confidence) end as category,
            case when d.original_id is not null
              then jsonb_build_object('originalId', d.original_id, 'similarity', d.similarity) end as "duplicateOf",
            case when p.priority is not null
              then jsonb_build_object('priority', p.priority, 'reasons', p.reasons) end as priority
       from feedback f
       left join sentiment_rating s using (tenant_id, feedback_id)
       left join feedback_category c using (tenant_id, feedback_id)
       left join duplicate_feedback d using (tenant_id, feedback_id)
       left join feedback_priority p using (tenant_id, feedback_id)
      where f.tenant_id = $1 and f.feedback_id = $2`,
    [tenantId, feedbackId],
  );
  if (row === undefined) throw notFound('You have no feedback with this id.');
  return { ...row, receivedAt: row.receivedAt.toISOString() };
}

/** @param productId - all products unless told */
export async function readRoadmap(
  service: Service,
  { tenantId }: Pick<Caller, 'tenantId'>,
  productId: string | undefined,
) {
  const items = await rowsOf(
    service.database,
    `select product_id as "productId", category, feedbacks::float8 as feedbacks, votes::float8 as votes,
            urgent::float8 as urgent, high::float8 as high, normal::float8 as normal, low::float8 as low
       from roadmap_item where tenant_id = $1 and ($2::text is null or product_id = $2)
      order by votes desc, feedbacks desc, product_id, category limit $3`,
    [tenantId, productId ?? null, ROADMAP_LIMIT],
  );
  return { items };
}
