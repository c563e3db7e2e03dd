/** What asks for an AI job. The REST API sends it to the request queue by itself, without a function. */
import * as z from 'zod/mini';
import { event, service } from '../../lib/contracts/index.ts';
import { exampleJob, JobId, JobModel, JobParameters, Prompt, UserId } from './fields.ts';

export const AiJobs = service('ai-jobs', {
  source: 'ai.jobs',
  description: 'Long-running jobs of language models, asked for over HTTP and carried out by a queue.',
});

/** What a caller of the API gives; the rest of the event is the API's own. */
export const AIJobInput = z.object({
  model: JobModel,
  prompt: Prompt,
  parameters: z.optional(JobParameters),
});
export type AIJobInput = z.infer<typeof AIJobInput>;

/** Ordered by nothing: its message group is the tenant, which is what makes the queue fair. */
export const AIJobRequested = event('AIJobRequested', {
  version: '1.0',
  source: AiJobs.source,
  description: 'Somebody wants a model to answer a prompt.',
  data: z.object({ jobId: JobId, userId: UserId, ...AIJobInput.shape }),
  traffic: { peakPerSecond: 10, averageBytes: 2600 },
  examples: [
    { ...exampleJob, model: 'echo-small', prompt: 'Say hello.' },
    {
      ...exampleJob,
      model: 'echo-large',
      prompt: 'Tell the story of a parcel, in one sentence.',
      parameters: { maxTokens: 256, temperature: 0.2 },
    },
  ],
});
