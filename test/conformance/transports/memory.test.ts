import { memory } from './drivers/memory.ts';
import { describeTransport } from './suite.ts';

describeTransport(memory);
