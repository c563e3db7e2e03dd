import { kinesis } from './drivers/kinesis.ts';
import { describeTransport } from './suite.ts';

describeTransport(kinesis);
