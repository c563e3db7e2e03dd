import { eventBridge } from './drivers/event-bridge.ts';
import { describeTransport } from './suite.ts';

describeTransport(eventBridge);
