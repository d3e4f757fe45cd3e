// Server-side rendering: https://apache.github.io/echarts-handbook. Not compiled: echarts is installed only for the charts.
import { init } from 'echarts';

/** Draws a chart as SVG. @param option content as echarts has it */
export function svg(option) {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 760, height: 440 });
  chart.setOption(option);
  const text = chart.renderToSVGString();
  chart.dispose();
  return text;
}
