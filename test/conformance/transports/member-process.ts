/** A member of a group that says when it has begun an event, and never ends it. Started by drivers/killed.ts, which kills it. */
import { consume } from '../../../lambda/runtime/consume.ts';
import { OrderPlaced } from '../../lambda/runtime/fixtures.ts';
import { silent } from '../../lambda/runtime/event-store/contracts.ts';
import type { MemberAddress } from './drivers/killed.ts';

const address = JSON.parse(process.argv[2]!) as MemberAddress;
// The parent ended: nobody is left to kill this process.
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(0), 1_000);

const consumer = consume(
  OrderPlaced,
  () => {
    process.stdout.write('begun\n');
    return new Promise<void>(() => undefined);
  },
  { consumer: 'conformance', logger: silent, maxReceiveCount: 3 },
);

switch (address.kind) {
  case 'postgres': {
    const { Pool } = await import('pg');
    const { joinPostgres } = await import('./drivers/postgres-member.ts');
    await joinPostgres(new Pool({ connectionString: address.url, max: 4 }), address.group, consumer, 1);
    break;
  }
  case 'sqs': {
    const { joinQueue } = await import('./drivers/queue-member.ts');
    process.env['AWS_ENDPOINT_URL'] = address.endpoint;
    joinQueue(address, consumer, 1);
    break;
  }
  case 'redis': {
    const { joinRedis } = await import('./drivers/redis-member.ts');
    joinRedis(address, consumer, 1);
    break;
  }
  case 'kafka': {
    const { joinKafka } = await import('./drivers/kafka-member.ts');
    joinKafka(address, consumer, 1);
    break;
  }
  case 'amqp': {
    const { joinAmqp } = await import('./drivers/amqp-member.ts');
    joinAmqp(address, consumer, 1);
    break;
  }
}
