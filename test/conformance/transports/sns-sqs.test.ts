import { snsSqs, snsSqsFifo } from './drivers/sns-sqs.ts';
import { describeTransport } from './suite.ts';

describeTransport(snsSqs);
describeTransport(snsSqsFifo);
