-- On paper a tab is a paragraph under its title and no section of its own, which the contents would list.
if quarto.doc.is_format("html:js") then return {} end

return {
  Div = function(div)
    if not div.classes:includes("panel-tabset") then return end
    div.classes = div.classes:filter(function(class) return class ~= "panel-tabset" end)
    div.content = div.content:map(function(block)
      return block.t == "Header" and pandoc.Para({ pandoc.Strong(block.content) }) or block
    end)
    return div
  end,
}
