/** Starts and stops the compiled NestJS example without a server, in whatever folder it is installed. */

/**
 * A program for `node --input-type=module -e`; its argument is the URL of the queue. Prints what the application
 * cannot start without.
 */
export const START_NEST_APPLICATION = `import { NestFactory } from '@nestjs/core';
import { AppModule } from './dist/app.module.js';
process.env.TICKET_SECRET = 'x'.repeat(32);
process.env.WAYBILL_QUEUE_URL = process.argv[1] ?? '';
const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false })
  .catch((error) => console.log(error.message));
await app?.close();`;

/** Nobody listens there. */
export const SOME_QUEUE_URL = 'http://127.0.0.1:1/000000000000/gallery';

/** What the application says as it stops, once it has started. */
export const STOPPED = 'poller stopped';
