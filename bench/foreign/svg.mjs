// Draws a chart as a text of SVG: https://apache.github.io/echarts-handbook, "server-side rendering".
import { init } from 'echarts';

/** @param option what the chart shows, as the library has it */
export function svg(option, width, height) {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption(option);
  const text = chart.renderToSVGString();
  chart.dispose();
  return text;
}
