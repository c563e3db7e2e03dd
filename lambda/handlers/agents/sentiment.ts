/** Agent `sentiment` behind a queue. */
export { sentiment as handler } from '../../agents/sentiment.ts';
