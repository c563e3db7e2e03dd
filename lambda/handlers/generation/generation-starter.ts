/** Consumer `generation-starter`: orders images from the provider. Opens the prompt. */
import { generationStartingEvents } from '../../../catalog/generation/index.ts';
import { generation, sealer } from '../../generation/environment.ts';
import { imageProvider } from '../../generation/provider/from-environment.ts';
import { startGeneration } from '../../generation/start-generation.ts';
import { consume } from '../../runtime/index.ts';

export const handler = consume(
  generationStartingEvents,
  async (event, context) =>
    startGeneration({ service: await generation(), provider: imageProvider() }, event, context),
  { sealer },
);
