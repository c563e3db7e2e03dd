import { postgres } from './drivers/postgres.ts';
import { describeTransport } from './suite.ts';

describeTransport(postgres);
